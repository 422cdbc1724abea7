"""The packages as they are: rooms, files, lines, and which room imports which.

    python -m bench.architecture

A room is a folder of modules, or a module that lies beside the folders. The direction of the
packages is held by import-linter's contracts in pyproject.toml (`make lint`).
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

import grimp

_PACKAGES: Final = ("vision", "artifact", "service", "training", "research")


def main() -> None:
    """Print one line a room, and below it what it imports."""
    graph = grimp.build_graph(*_PACKAGES)
    arrows = _arrows(graph)
    for line in _lines(graph, arrows):
        print(line)
    print(f"{sum(map(len, arrows.values()))} arrows between {len(arrows)} rooms")


def _arrows(graph: grimp.ImportGraph) -> Mapping[str, set[str]]:
    arrows: dict[str, set[str]] = defaultdict(set)
    for module in graph.modules:
        room = _room(module)
        imported = {_room(each) for each in graph.find_modules_directly_imported_by(module)}
        arrows[room] |= imported - {room}
    return arrows


def _lines(graph: grimp.ImportGraph, arrows: Mapping[str, set[str]]) -> Iterator[str]:
    for room in sorted(arrows):
        files = [_file(module) for module in graph.modules if _room(module) == room]
        length = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
        yield f"{room:32} {len(files):3} files {length:6} lines"
        if arrows[room]:
            yield f"    -> {', '.join(sorted(arrows[room]))}"


def _room(module: str) -> str:
    """Name the folder that a module lies in; the module itself where it lies in a package's."""
    package, *rest = module.split(".")
    return ".".join([package, *rest[:1]])


def _file(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise SystemExit(f"{module} has no source file")
    return Path(spec.origin)


if __name__ == "__main__":
    main()
