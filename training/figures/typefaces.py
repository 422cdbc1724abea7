"""Type for class names of any script, from what is installed."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from matplotlib import font_manager
from matplotlib.figure import Figure
from matplotlib.text import Text

_LOG = logging.getLogger(__name__)
_OWN: Final = "DejaVu Sans"  # comes with matplotlib: Latin, Greek, Cyrillic and more
_NO_TYPE: Final = "Last Resort"  # has a box for every character there is


@dataclass(frozen=True)
class Type:
    """How a figure writes class names."""

    families: tuple[str, ...]  # of typefaces: each character is taken from the first that has it
    names: Mapping[str, str]  # what is written for each label

    @property
    def numbered(self) -> bool:
        """Whether a label is written as its number, for want of a typeface."""
        return any(label != name for label, name in self.names.items())

    def use(self, figure: Figure) -> None:
        """Write everything in the figure so."""
        for text in figure.findobj(Text):
            text.set_fontfamily(self.families)


def choose_type(labels: Sequence[str]) -> Type:
    """Find typefaces that have every character; a label that has none is written as its number.

    Those that are installed are looked at only where our own has not all that is needed.
    """
    missing, families = _needed(labels) - _characters(_OWN), [_OWN]
    others = _all_installed() if missing else {}
    while missing and (best := max(others, key=lambda name: len(missing & others[name]))):
        if not missing & others[best]:
            break
        families.append(best)
        missing -= others[best]
    names = {
        label: f"class {number}" if _needed([label]) & missing else label
        for number, label in enumerate(labels, start=1)
    }
    if missing:
        numbered = [label for label, name in names.items() if label != name]
        _LOG.warning(
            "no typeface that is installed has all characters of %s: the figures write class %d "
            "and so on, the place of a class among the labels (Debian: apt install fonts-noto-cjk)",
            ", ".join(numbered[:5]),
            [*names].index(numbered[0]) + 1,
        )
    return Type(tuple(families), names)


def file_for(text: str) -> str | None:
    """The file of an installed typeface that has all of a text; None where ours has, or none."""
    needed = _needed([text])
    if needed <= _characters(_OWN):
        return None
    return next((_file(name) for name, own in _all_installed().items() if needed <= own), None)


def _needed(labels: Iterable[str]) -> frozenset[int]:
    return frozenset(map(ord, "".join(labels)))


@cache
def _all_installed() -> dict[str, frozenset[int]]:
    names = {font.name for font in font_manager.fontManager.ttflist}
    return {name: _characters(name) for name in sorted(names) if not name.startswith(_NO_TYPE)}


@cache
def _characters(family: str) -> frozenset[int]:
    return frozenset(font_manager.get_font(_file(family)).get_charmap())


def _file(family: str) -> str:
    """Of its upright face, in a normal weight where there is one."""
    fonts = [font for font in font_manager.fontManager.ttflist if font.name == family]
    upright = min(fonts, key=lambda font: (font.style != "normal", font.weight != 400, font.fname))
    return upright.fname
