"""`python -m research`: the command line, and nothing else."""

import sys
from argparse import Namespace
from collections.abc import Sequence
from typing import Final

from research.compare import ComparisonConfig, compare
from research.ood import OODConfig, compare_scores
from research.output import say
from research.report import ReportConfig, write_report
from research.robustness.evaluate import evaluate
from research.robustness.samples import RobustnessConfig
from research.study.conduct import StudyConfig, choose, conduct, overview
from research.study.seeds import SeedsConfig, publish_best
from research.study.terminal import lines, seed_lines
from training.commands import Commands, add_flag, announce, from_options
from training.config import Places, RunConfig
from training.errors import StudyError
from training.export.publication import PUBLISH_FLAWED

_RENAMED: Final = {"decline": "ood"}  # old spellings, until the next release


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit status."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    if arguments and (renamed := _RENAMED.get(arguments[0])):
        sys.stderr.write(f"research: `{arguments[0]}` is now `{renamed}`\n")
        arguments[0] = renamed
    return _commands().run(arguments)


def _commands() -> Commands:
    commands = Commands("research", "Many runs: studies, evaluations, the report.")
    add = commands.add
    goes_on, no_report = "the same command goes on from here", "there is no report"
    summary = "evaluate published models on other and corrupted pictures"
    add("evaluate", _evaluate, no_report, summary, RobustnessConfig)
    summary = "compare every published model with every other"
    add("compare", _compare, "there is no comparison", summary, ComparisonConfig)
    summary = "compare scores that reject out-of-distribution (OOD) pictures"
    add("ood", _ood, no_report, summary, OODConfig)
    summary = "write the report of all studies and models"
    add("report", _report, no_report, summary, ReportConfig)
    summary = "train from several seeds and publish the best"
    command = add("seeds", _seeds, goes_on, summary, SeedsConfig, RunConfig, Places)
    add_flag(command, "--publish-flawed", PUBLISH_FLAWED)
    command = add("study", _study, goes_on, "compare settings over several seeds", StudyConfig)
    command.add_argument("names", nargs="*", metavar="NAME", help="Of studies; --list names them.")
    add_flag(command, "--all", "Every study, in one go.")
    add_flag(command, "--list", "List the studies, with what is done of each.")
    add_flag(command, "--stored-only", "Train nothing: use the runs that are finished.")
    add_flag(command, "--keep-checkpoints", "Do not delete those of finished runs.")
    return commands


def _evaluate(options: Namespace) -> None:
    config = from_options(RobustnessConfig, options)
    evaluate(config)
    say(["", f"report, contact sheets and figures are in {config.output}"])


def _compare(options: Namespace) -> None:
    compare(from_options(ComparisonConfig, options))


def _ood(options: Namespace) -> None:
    config = from_options(OODConfig, options)
    compare_scores(config)
    say([f"the comparison is in {config.report}"])


def _report(options: Namespace) -> None:
    config = from_options(ReportConfig, options)
    write_report(config)
    say([f"the report is in {config.output}"])


def _seeds(options: Namespace) -> None:
    artifact = publish_best(
        from_options(RunConfig, options),
        from_options(Places, options),
        from_options(SeedsConfig, options),
        publish_flawed=options.publish_flawed,
    )
    say(seed_lines(artifact))
    announce(artifact)


def _study(options: Namespace) -> None:
    config = from_options(StudyConfig, options)
    if options.list or not (options.names or options.all):
        say(overview(config))
        return
    studies = conduct(
        choose(() if options.all else options.names, config),
        config,
        train=not options.stored_only,
        keep_checkpoints=options.keep_checkpoints,
    )
    for study in studies:
        say(lines(study))
    if any(study.missing for study in studies):
        raise StudyError("runs are missing; the same command tries them again")


if __name__ == "__main__":
    sys.exit(main())
