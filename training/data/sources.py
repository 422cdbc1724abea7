"""The pictures that a folder's data set is made of: each once, each of one class and one part."""

import re
import stat
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Final

from artifact.files import sha256
from training.data.layout import LAYOUTS, Part, PictureFile, is_named_picture, show
from training.data.problems import Problems
from vision.decode import Limits, inspect
from vision.errors import ImageError, TooLarge, UnsupportedType

_LIMITS: Final = Limits()
_TEST_SHARE: Final = 1 / 5  # where no folder says which pictures are test
_FEW: Final = 10  # pictures of a class to learn from
_PRECEDENCE: Final[tuple[Part, ...]] = ("test", "validation", "train")


_BY_CONTENT: Final = attrgetter("label", "sha256", "name")  # so that no file's name decides


@dataclass(frozen=True)
class Source(PictureFile):
    """A picture as it is stored."""

    sha256: str  # of its bytes


def read_sources(files: Iterable[PictureFile], root: Path, problems: Problems) -> list[Source]:
    """Digest every file that can be read; the others are skipped.

    What is no picture and is not named like one, such as a table beside them, is no problem.
    """
    inside = root.resolve()
    sources = []
    for file in files:
        try:
            if (what := _unusable(file.path, inside)) is None:
                content = file.path.read_bytes()
                inspect(content)
                sources.append(Source(**vars(file), sha256=sha256(content)))
        except (ImageError, OSError) as error:
            what = describe(error)
            if isinstance(error, UnsupportedType) and not is_named_picture(file.path):
                problems.add("noted", "not a picture, left out", file.name)
                continue
        if what is not None:
            problems.add("skipped", what, file.name)
    return sorted(sources, key=_BY_CONTENT)


def describe(error: ImageError | OSError) -> str:
    """Why a file is skipped, in a few words."""
    match error:
        case UnsupportedType():
            return str(error)
        case TooLarge():
            return "too large"
        case OSError():
            return f"cannot be read, {error.strerror}"
        case _:
            return "damaged or cut short"


def _unusable(path: Path, inside: Path) -> str | None:
    """Say why a file is not even opened."""
    if show(path.name) != path.name:
        return "file whose name is not UTF-8 or not printable"
    if not path.exists():
        return "broken link"
    if path.is_symlink() and not path.resolve().is_relative_to(inside):
        return "link out of the folder"
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        return "no file"
    if status.st_size > _LIMITS.max_bytes:
        return f"larger than {_LIMITS.max_bytes:,} bytes"
    return None if status.st_size else "empty file"


def leave_out_copies(sources: Iterable[Source], problems: Problems) -> list[Source]:
    """Keep one of the pictures whose bytes are the same, none where their classes differ.

    Of copies in two parts the one in test is kept, else the one in validation: a picture that has
    been learnt says nothing of those that have not.
    """
    alike: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        alike[source.sha256].append(source)
    kept = []
    for copies in alike.values():
        first, *others = sorted(copies, key=lambda copy: (_PRECEDENCE.index(copy.part), copy.name))
        if len({copy.label for copy in copies}) > 1:
            names = " = ".join(copy.name for copy in (first, *others))
            problems.add("noted", "the same picture in two classes, all left out", names)
            continue
        kept.append(first)
        for copy in others:
            what = (
                "copy of another picture, left out"
                if copy.part == first.part
                else f"copy of a {first.part} picture, left out of {copy.part}"
            )
            problems.add("noted", what, f"{copy.name} = {first.name}")
    return sorted(kept, key=_BY_CONTENT)


def draw_test(sources: Sequence[Source], problems: Problems) -> list[Source]:
    """Make a fifth of each class test, always the same pictures, where there is no test part."""
    if any(source.part == "test" for source in sources):
        return [*sources]
    problems.add("noted", "no test folder, drawn as test", "a fifth of each class")
    by_class: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        if source.part == "train":
            by_class[source.label].append(source)
    drawn = {
        source
        for pictures in by_class.values()
        for source in pictures[: min(len(pictures) - 1, max(1, round(_TEST_SHARE * len(pictures))))]
    }
    return [replace(source, part="test") if source in drawn else source for source in sources]


def check_classes(labels: Sequence[str], sources: Sequence[Source], problems: Problems) -> None:
    """Find what makes a class useless, of all classes that have a folder."""
    counts: dict[str, Counter[Part]] = defaultdict(Counter)
    for source in sources:
        counts[source.label][source.part] += 1
    has_validation = any(count["validation"] for count in counts.values())
    for label in labels:
        for what in _wrong(counts[label], has_validation=has_validation):
            problems.add("refused", what, f"{label} ({_told(counts[label])})")
        if 1 < counts[label]["train"] < _FEW:
            problems.add("noted", f"class with fewer than {_FEW} pictures to learn from", label)
    if len(labels) < 2:
        problems.add("refused", f"fewer than two classes; {LAYOUTS}", ", ".join(labels) or "none")
    for folder in sorted(_folders_in(labels[0], sources)) if len(labels) == 1 else ():
        problems.add("refused", f"are these the classes? Then say DIR/{labels[0]}", folder)
    for spellings in _same_but_for_spelling(labels):
        problems.add("noted", "classes that differ in spelling alone", " / ".join(spellings))


def _folders_in(label: str, sources: Iterable[Source]) -> set[str]:
    """The folders in a class's folder: an archive often has one folder around all classes."""
    places = [Path(source.name).parts for source in sources]
    return {parts[1] for parts in places if parts[0] == label and len(parts) > 2}


def _wrong(count: Counter[Part], *, has_validation: bool) -> Iterator[str]:
    if not count["train"]:
        yield "class without a picture to learn from"
    elif count["train"] < 2 and not has_validation:
        yield "class with a single picture to learn from"
    if not count["test"]:
        yield "class without a test picture"
    if has_validation and not count["validation"]:
        yield "class without a validation picture"


def _told(count: Counter[Part]) -> str:
    return ", ".join(f"{count[part]} in {part}" for part in _PRECEDENCE if count[part]) or "none"


def _same_but_for_spelling(labels: Iterable[str]) -> list[list[str]]:
    alike: dict[str, list[str]] = defaultdict(list)
    for label in labels:
        folded = unicodedata.normalize("NFKC", label).casefold()
        alike[re.sub(r"[\s_-]+", "", folded)].append(label)
    return [spellings for spellings in alike.values() if len(spellings) > 1]
