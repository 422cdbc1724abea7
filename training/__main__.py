"""`python -m training`: the command line of one training run, and nothing else."""

import runpy
import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Final

from training.commands import Commands, add_flag, announce, from_options
from training.config import Places, RunConfig
from training.decide.config import DecideConfig, Limits, add_arguments
from training.export.publication import PUBLISH_FLAWED
from training.run import run

_MOVED: Final = ("compare", "decline", "evaluate", "report", "seeds", "study")  # to research


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit status."""
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments and arguments[0] in _MOVED:
        _go_to_research(arguments)
    commands = Commands("training", "Train and publish one classifier.")
    with_resume = "the same command with --resume goes on from here"
    summary = "train one network and publish it"
    command = commands.add("run", _run, with_resume, summary, RunConfig, Places)
    add_flag(command, "--resume", "Go on where the run stopped, if it was begun.")
    add_flag(command, "--publish-flawed", PUBLISH_FLAWED)
    again = "the same command goes on from here"
    summary = "a folder of pictures in, a decision out, published and served"
    add_arguments(commands.add("decide", _decide, again, summary, DecideConfig, Limits))
    return commands.run(arguments)


def _run(options: Namespace) -> None:
    config, places = from_options(RunConfig, options), from_options(Places, options)
    artifact = run(config, places, resume=options.resume, publish_flawed=options.publish_flawed)
    announce(artifact)


def _decide(options: Namespace) -> int:
    from training.decide.command import execute  # noqa: PLC0415 - imports what only it needs

    return execute(options)


def _go_to_research(arguments: Sequence[str]) -> None:
    """Go on as the command's new spelling; the old one works until the next release."""
    sys.stderr.write(f"training: this command is now `python -m research {arguments[0]}`\n")
    sys.argv = ["research", *arguments]
    runpy.run_module("research", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    sys.exit(main())
