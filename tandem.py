"""The console command `tandem`: every command of the project under one name.

Each is also a module's own: `tandem serve` is `python -m service`, `tandem train` is
`python -m training run`. Nothing is imported before a command is chosen, so that serving needs no
torch and `tandem` alone answers at once.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib import import_module
from importlib.metadata import version
from typing import Final

_USAGE_ERROR: Final = 2
_OWN_PACKAGES: Final = ("artifact", "bench", "research", "service", "training", "vision")


@dataclass(frozen=True)
class Command:
    """Where a command is found, and what it does in one line."""

    module: str
    summary: str
    arguments: tuple[str, ...] = ()
    extra: str = "train"


CHAPTERS: Final[Mapping[str, Mapping[str, Command]]] = {
    "Decide": {
        "decide": Command(
            "training.__main__", "a folder of pictures in, a decision out, published", ("decide",)
        ),
    },
    "Serve": {
        "serve": Command("service.__main__", "serve the published models over HTTP"),
        "benchmark": Command("bench.latency", "measure every published model on this machine"),
    },
    "Train": {
        "train": Command("training.__main__", "train one network and publish it", ("run",)),
        "seeds": Command("research.__main__", "train several seeds, publish the best", ("seeds",)),
        "study": Command("research.__main__", "compare settings over several seeds", ("study",)),
    },
    "Judge": {
        "compare": Command("research.__main__", "compare every published model", ("compare",)),
        "evaluate": Command("research.__main__", "evaluate on corrupted pictures", ("evaluate",)),
        "ood": Command("research.__main__", "compare scores that reject other pictures", ("ood",)),
        "report": Command("research.__main__", "write docs/REPORT.md", ("report",)),
    },
}
COMMANDS: Final = {name: each for chapter in CHAPTERS.values() for name, each in chapter.items()}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command, and return the exit status."""
    name, *rest = (sys.argv[1:] if arguments is None else arguments) or ["--help"]
    if name in {"--help", "-h", "help"}:
        sys.stdout.write(_contents())
        return 0
    if name == "--version":
        sys.stdout.write(f"tandem {version('tandem')}\n")
        return 0
    if name not in COMMANDS:
        return _fail(f"there is no command {name!r}{_suggestion(name)}; `tandem --help` lists them")
    return _run(name, COMMANDS[name], rest)


def _run(name: str, command: Command, arguments: Sequence[str]) -> int:
    sys.argv = [f"tandem {name}", *command.arguments, *arguments]
    try:
        module = import_module(command.module)
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] in _OWN_PACKAGES:
            raise
        return _fail(
            f"`tandem {name}` needs the package {error.name}: pip install 'tandem[{command.extra}]'"
        )
    status: int | None = module.main()
    return status or 0


def _contents() -> str:
    """Write all commands as a table of contents."""
    lines = ["usage: tandem COMMAND [OPTIONS]", ""]
    for chapter, commands in CHAPTERS.items():
        lines += [chapter, *(f"  {name:<12} {each.summary}" for name, each in commands.items()), ""]
    return "\n".join([*lines, "`tandem COMMAND --help` lists a command's options.", ""])


def _suggestion(name: str) -> str:
    close = get_close_matches(name, COMMANDS, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _fail(message: str) -> int:
    sys.stderr.write(f"tandem: {message}\n")
    return _USAGE_ERROR


if __name__ == "__main__":
    sys.exit(main())
