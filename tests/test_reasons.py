"""Every exception to the rules of ruff and mypy says why, on its line or the one above."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ["artifact", "bench", "examples", "research", "service", "tests", "training", "vision"]
_EXCEPTION = re.compile(r"# (?:noqa: [A-Z0-9, ]+|type: ignore\[[a-z, -]+\])")


def unexplained(path: Path) -> Iterator[int]:
    """Lines with an exception, or with `Any` for a type, and no comment that says why."""
    text = path.read_text(encoding="utf-8")
    lines = [*text.splitlines(), ""]
    own = path.relative_to(ROOT).parts[0] != "tests"
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        number, line = token.start[0], lines[token.start[0] - 1]
        if token.type == tokenize.COMMENT:
            is_one = bool(_EXCEPTION.search(token.string))
        else:
            is_one = own and token.string == "Any" and not re.match(r"from|import|    Any,", line)
        above = lines[number - 2].strip() if number > 1 else ""
        comment = _EXCEPTION.sub("", line.partition("  #")[2] and "#" + line.partition("  #")[2])
        if is_one and not (above.startswith("#") or re.search(r"\w{3}", comment)):
            yield number


def test_every_exception_to_a_rule_has_its_reason() -> None:
    files = (file for package in PACKAGES for file in sorted((ROOT / package).rglob("*.py")))
    assert [
        f"{file.relative_to(ROOT)}:{number}" for file in files for number in unexplained(file)
    ] == []
