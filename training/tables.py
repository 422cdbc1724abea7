"""Tables as text, in Markdown and for a terminal.

Each column has an alignment: `<` for words, `>` for figures.
"""

from collections.abc import Iterable, Iterator, Sequence

Rows = Iterable[Sequence[str]]


def markdown(alignment: str, head: Sequence[str], rows: Rows) -> Iterator[str]:
    """The lines of a Markdown table."""
    rules = ["---" if side == "<" else "---:" for side in alignment]
    for cells in (head, rules, *rows):
        yield f"| {' | '.join(cells)} |"


def plain(alignment: str, head: Sequence[str], rows: Rows) -> Iterator[str]:
    """Indented lines whose columns are as wide as their widest cell."""
    lines = [head, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (
            f"{cell:{side}{width}}"
            for cell, side, width in zip(line, alignment, widths, strict=True)
        )
        yield f"  {'  '.join(cells)}".rstrip()
