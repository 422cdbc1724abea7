"""What people do to a folder of pictures: each changes the one that `draw_folder` draws."""

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Concatenate, ParamSpec

from PIL import Image

from tests.pictures import draw, draw_folder

Change = Callable[[Path], object]
Told = ParamSpec("Told")

LABELS = ("bar", "circle", "line")
AVIF = b"\0\0\0\x20ftypavif"
LATIN_1 = os.fsdecode(b"caf\xe9")


def change(act: Callable[Concatenate[Path, Told], None]) -> Callable[Told, Change]:
    """Have a function of a folder told everything else before."""
    return lambda *told, **named: lambda root: act(root, *told, **named)


@change
def move(root: Path, *places: tuple[str, str]) -> None:
    for source, target in places:
        (root / target).parent.mkdir(parents=True, exist_ok=True)
        (root / source).rename(root / target)


@change
def copy(root: Path, *places: tuple[str, str]) -> None:
    for source, target in places:
        copied = shutil.copytree if (root / source).is_dir() else shutil.copy
        copied(root / source, root / target)


@change
def remove(root: Path, *places: str) -> None:
    for place in places:
        shutil.rmtree(root / place)


@change
def write(root: Path, *places: str, content: bytes = b"") -> None:
    for place in places:
        (root / place).write_bytes(content)


@change
def keep(root: Path, count: int) -> None:
    """Leave so many pictures of a class to learn from."""
    for path in sorted((root / "train" / "bar").iterdir())[count:]:
        path.unlink()


@change
def all_of(root: Path, *changes: Change) -> None:
    for each in changes:
        each(root)


def link(place: str, target: str) -> Change:
    return lambda root: (root / place).symlink_to(target)


def drawn_anew(labels: Sequence[str] = LABELS, first: int = 0) -> Change:
    return all_of(remove(""), lambda root: draw_folder(root, labels, first=first))


def draw_one(place: str) -> Change:
    return lambda root: draw(root / place, 0, 900)


def in_both(source: str, target: str) -> tuple[tuple[str, str], ...]:
    return tuple((f"{part}/{source}", f"{part}/{target}") for part in ("train", "test"))


def flat(root: Path) -> None:
    for part in ("train", "test"):
        for path in sorted((root / part).glob("*/*")):
            target = root / path.parent.name / path.name
            target.parent.mkdir(exist_ok=True)
            path.rename(target)
        shutil.rmtree(root / part)


def with_validation(root: Path) -> None:
    draw_folder(root / "more", train=5, test=0, first=500)
    (root / "more" / "train").rename(root / "Val")
    (root / "more").rmdir()


def system_files(root: Path) -> None:
    for name in ("Thumbs.db", ".DS_Store", "desktop.ini", "._000.png", "Icon\r"):
        (root / "train" / "bar" / name).write_bytes(b"\xd0\xcf\x11\xe0")
    copy(("train/bar", "train/__MACOSX"), ("train/bar", "train/bar/.git"))(root)


def far_too_long(root: Path) -> None:
    with (root / "train" / "bar" / "film.mkv").open("wb") as file:
        file.truncate(2**40)


def many_damaged(root: Path) -> None:
    for path in sorted((root / "train").rglob("*.png"))[::9]:
        path.write_bytes(b"GIF89a")


CHANGES: dict[str, Change] = {
    "nested": move(("train/bar/000.png", "train/bar/2026/november/000.png")),
    "flat": flat,
    "flat, with a class train": all_of(flat, move(("line", "train"))),
    "without test": remove("test"),
    "with validation": with_validation,
    "system files": system_files,
    "any name and ending": move(("train/bar/000.png", "train/bar/001.txt")),
    "composed and decomposed": move(
        ("train/bar", "train/caf\u00e9"), ("test/bar", "test/cafe\u0301")
    ),
    "damaged": lambda root: os.truncate(root / "train/bar/000.png", 100),
    "no picture": write("test/bar/notes.txt", content=b"no picture"),
    "tables": write(*(f"test/bar/{n}.csv" for n in range(9)), content=b"a,b"),
    "a photograph in AVIF": write("train/bar/000.avif", content=AVIF),
    "many AVIF": write(*(f"train/bar/00{n}.avif" for n in range(9)), content=AVIF),
    "empty": write("test/bar/new.png"),
    "too large": lambda root: Image.new("1", (20_000, 20_000)).save(root / "train/bar/poster.png"),
    "far too long": far_too_long,
    "broken link": link("train/bar/zzz.png", "/nonexistent.png"),
    "link in a circle": link("train/bar/loop.png", "loop.png"),
    "link out": all_of(
        draw_one("../elsewhere.png"), link("train/bar/link.png", "../../../elsewhere.png")
    ),
    "pipe": lambda root: os.mkfifo(root / "train/bar/pipe.png"),
    "file name in Latin 1": move(("train/bar/000.png", f"train/bar/{LATIN_1}.png")),
    "hidden class": copy(*in_both("bar", ".square")),
    "loose picture": draw_one("train/loose.png"),
    "folder beside": lambda root: (root / "old").mkdir(),
    "learnt test picture": copy(("test/bar/020.png", "train/bar/copy.png")),
    "copy in one part": copy(("train/bar/000.png", "train/bar/copy.png")),
    "copy in two classes": copy(("train/bar/000.png", "train/line/copy.png")),
    "two spellings": move(*in_both("line", "Bar")),
    "few": keep(5),
    "many damaged": many_damaged,
    "class in test only": draw_one("test/star/0.png"),
    "class in train only": remove("test/bar"),
    "class without a picture": lambda root: (root / "train/star").mkdir(),
    "class of copies alone": all_of(remove("train/bar"), copy(("test/bar", "train/bar"))),
    "class with one picture": keep(1),
    "spelt otherwise in test": move(("test/bar", "test/Bar")),
    "class name in Latin 1": move(*in_both("bar", LATIN_1)),
    "class name with a line break": move(*in_both("bar", "a\nb")),
    "linked class": all_of(move(("train/bar", "../bar")), link("train/bar", "../../bar")),
    "folder around": all_of(flat, *(move((name, f"all/{name}")) for name in LABELS)),
    "flat, with one picture": all_of(keep(1), remove("test/bar"), flat),
    "one class": remove("train/circle", "train/line", "test/circle", "test/line"),
    "no class": remove("train", "test"),
    "nothing": remove(""),
    "a file": all_of(remove(""), write("")),
    "only test": remove("train"),
    "validation lacks a class": all_of(with_validation, remove("Val/bar")),
}
