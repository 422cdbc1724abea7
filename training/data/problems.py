"""What is wrong with a folder of pictures: one list, whatever was found and wherever."""

from collections import defaultdict
from typing import Final, Literal

from training.errors import DatasetError

Kind = Literal["refused", "skipped", "noted"]

_MOST_NAMES: Final = 5  # of one problem in the list
_MOST_SKIPPED: Final = 0.05  # share of the files: more is no accident


class Problems:
    """Problems of a folder, by kind and by what they are.

    `refused` ones have to be mended before anything is learnt. `skipped` ones are files that are
    left out, as long as they are few. `noted` ones are for a person to know.
    """

    def __init__(self) -> None:
        """Nothing is wrong yet."""
        self._found: dict[Kind, dict[str, list[str]]] = {
            kind: defaultdict(list) for kind in ("refused", "skipped", "noted")
        }

    def add(self, kind: Kind, what: str, name: str) -> None:
        """Add a file, folder or class to the problem of that description."""
        self._found[kind][what].append(name)

    def lines(self, *kinds: Kind) -> list[str]:
        """Each problem of these kinds as a line: what it is, how often, and where."""
        return [
            _line(what, names)
            for kind in kinds or self._found
            for what, names in sorted(self._found[kind].items())
        ]

    def refuse(self, folder: str, files: int) -> None:
        """Stop where the folder cannot be learnt from as it is.

        Raises:
            DatasetError: It has every problem in one list.
        """
        skipped = sum(map(len, self._found["skipped"].values()))
        told = self.lines()
        if skipped > _MOST_SKIPPED * files:
            told.append(
                f"{skipped} of {files} files cannot be used; at most {_MOST_SKIPPED:.0%} are "
                "skipped: repair, convert or remove them"
            )
        elif not self._found["refused"]:
            return
        separator = "\n  " if len(told) > 1 else " "
        listed = separator.join(("", *told))
        raise DatasetError(f"the pictures in {folder!r} cannot be learnt from:{listed}")


def _line(what: str, names: list[str]) -> str:
    shown, more = ", ".join(names[:_MOST_NAMES]), len(names) - _MOST_NAMES
    return f"{what} ({len(names)}): {shown}" + (f" and {more} more" if more > 0 else "")
