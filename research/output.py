"""What commands write: files, and tables as text."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel

from artifact import files
from training.errors import OutputError

Rows = Iterable[Sequence[str]]


def say(lines: Iterable[str]) -> None:
    """Print lines, at once."""
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def write(path: Path, content: bytes | str | BaseModel) -> None:
    """Write a file in one step: bytes, text as UTF-8, or a document as JSON.

    Raises:
        OutputError: It cannot be written; what was there before still is.
    """
    if isinstance(content, BaseModel):
        content = f"{content.model_dump_json(indent=2)}\n"
    try:
        files.replace(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise OutputError(f"{path.name} cannot be written: {error.strerror}") from error


def make_folder(folder: Path) -> None:
    """Make sure that there is such a folder, before any work is done for it.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the output folder cannot be made: {error.strerror}") from error


def markdown(alignment: str, head: Sequence[str], rows: Rows) -> Iterator[str]:
    """The lines of a Markdown table; of each column, `<` aligns words and `>` figures."""
    rules = ["---" if side == "<" else "---:" for side in alignment]
    for cells in (head, rules, *rows):
        yield f"| {' | '.join(cells)} |"


def plain(alignment: str, head: Sequence[str], rows: Rows) -> Iterator[str]:
    """The lines of a table for a terminal, aligned likewise."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (
            f"{cell:{side}{width}}"
            for cell, side, width in zip(line, alignment, widths, strict=True)
        )
        yield f"  {'  '.join(cells)}".rstrip()
