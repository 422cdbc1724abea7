"""What the documents name exists: files, links, commands, make's targets, settings, metrics."""

import re
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from service.observability.metrics import Metrics
from service.settings import PREFIX, Settings
from tandem import COMMANDS

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("*/*.md"))]
TARGETS = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))
SETTINGS = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields} | {"TANDEM_TEST_DATA"}
METRICS = CollectorRegistry()
Metrics(METRICS)


def is_metric(name: str, _document: Path) -> bool:
    names = {metric.name for metric in METRICS.collect()}
    return re.sub(r"_(total|bucket|count|sum)$", "", name) in names


def is_link(target: str, document: Path) -> bool:
    return target.startswith(("http", "#", "mailto:")) or (document.parent / target).exists()


def is_file(path: str, document: Path) -> bool:
    return any((place / path).exists() for place in (ROOT, document.parent))


NAMES: dict[str, tuple[str, Callable[[str, Path], bool]]] = {
    "link": (r"\]\(([^)#\s]+)", is_link),
    "file": (
        r"`((?:artifact|bench|deploy|docs|examples|research|service|tests|training|vision)/[\w./-]*)`",
        is_file,
    ),
    "target": (r"(?:`|\$ )make ([a-z-]+)", lambda name, _: name in TARGETS),
    "command": (r"(?:`|\$ )tandem ([a-z]+)", lambda name, _: name in COMMANDS),
    "module": (r"python -m ([a-z][\w.]*)", lambda name, _: find_spec(name) is not None),
    "metric": (r"`(tandem_[a-z_]+)", is_metric),
    "setting": (rf"\b({PREFIX}[A-Z_]+[A-Z])\b", lambda name, _: name in SETTINGS),
}


@pytest.mark.parametrize("kind", NAMES)
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_a_document_names_exists(document: Path, kind: str) -> None:
    pattern, exists = NAMES[kind]
    named = set(re.findall(pattern, document.read_text(encoding="utf-8")))
    assert {name for name in named if not exists(name, document)} == set()
