"""`python -m training`: the command line, and nothing else."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence

from pydantic import ValidationError

from artifact.errors import TandemError
from artifact.metrics import Metrics
from artifact.repository import Artifact
from training import comparison, declining
from training.comparison import ComparisonConfig
from training.config import Places, RunConfig
from training.declining import DecliningConfig
from training.errors import StudyError, TrainingError
from training.examination import ExaminationConfig, examine
from training.options import add_options, explain, from_options
from training.report.write import ReportConfig, write_report
from training.requantize import QuantizeConfig, quantize_published
from training.run import run
from training.study.conduct import StudyConfig, choose, conduct, overview
from training.study.seeds import SeedsConfig, publish_best
from training.study.table import lines, seed_lines

_INTERRUPTED = 130  # what a shell reports of a command that Ctrl-C stopped


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        options.command(options)
    except ValidationError as error:
        return _fail(explain(error), 2)
    except (TrainingError, TandemError) as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt:
        return _fail(f"stopped; {options.when_stopped}", _INTERRUPTED)
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser("python -m training", description="Train and publish classifiers.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("run", help="train one network and publish it")
    command.set_defaults(
        command=_run, when_stopped="the same command with --resume goes on from here"
    )
    command.add_argument(
        "--resume", action="store_true", help="Go on where the run stopped, if it was begun."
    )
    command.add_argument(
        "--publish-flawed",
        action="store_true",
        help="Publish the network even if something is wrong with it, marked as such.",
    )
    add_options(command, RunConfig)
    add_options(command, Places)
    command = commands.add_parser("evaluate", help="ask published models about other pictures")
    command.set_defaults(command=_evaluate, when_stopped="there is no report")
    add_options(command, ExaminationConfig)
    command = commands.add_parser("quantize", help="publish a model again, with an onnx-int8 file")
    command.set_defaults(command=_quantize, when_stopped="nothing was published")
    command.add_argument("name", metavar="MODEL", help="Name of a published model.")
    add_options(command, QuantizeConfig)
    command = commands.add_parser("compare", help="hold every published model against every other")
    command.set_defaults(command=_compare, when_stopped="there is no comparison")
    add_options(command, ComparisonConfig)
    command = commands.add_parser("decline", help="compare scores that tell digits from the rest")
    command.set_defaults(command=_decline, when_stopped="there is no report")
    add_options(command, DecliningConfig)
    command = commands.add_parser("report", help="write what studies and models say as a page")
    command.set_defaults(command=_report, when_stopped="there is no report")
    add_options(command, ReportConfig)
    command = commands.add_parser("seeds", help="train from several seeds and publish the best")
    command.set_defaults(command=_seeds, when_stopped="the same command goes on from here")
    command.add_argument(
        "--publish-flawed",
        action="store_true",
        help="Publish the network even if something is wrong with it, marked as such.",
    )
    for model in (SeedsConfig, RunConfig, Places):
        add_options(command, model)
    command = commands.add_parser("study", help="put a question to several seeds")
    command.set_defaults(command=_study, when_stopped="the same command goes on from here")
    command.add_argument("names", nargs="*", metavar="NAME", help="Of studies; --list names them.")
    command.add_argument("--all", action="store_true", help="Every study, in one go.")
    command.add_argument(
        "--list", action="store_true", help="List the studies, with what is done of each."
    )
    command.add_argument(
        "--stored-only", action="store_true", help="Train nothing: use the runs that are finished."
    )
    command.add_argument(
        "--keep-checkpoints", action="store_true", help="Do not delete those of finished runs."
    )
    add_options(command, StudyConfig)
    return parser


def _run(options: Namespace) -> None:
    config, places = from_options(RunConfig, options), from_options(Places, options)
    artifact = run(config, places, resume=options.resume, publish_flawed=options.publish_flawed)
    _announce(artifact)


def _evaluate(options: Namespace) -> None:
    config = from_options(ExaminationConfig, options)
    examine(config)
    sys.stdout.write(f"\nreport, contact sheets and figures are in {config.output}\n")


def _compare(options: Namespace) -> None:
    comparison.compare(from_options(ComparisonConfig, options))


def _quantize(options: Namespace) -> None:
    artifact = quantize_published(options.name, from_options(QuantizeConfig, options))
    quantised = artifact.document("metrics", Metrics).quantised
    if quantised is None:
        raise RuntimeError(f"{artifact} was published without the figures of its onnx-int8 file")
    beside, files = quantised.against_float, artifact.manifest.files
    sys.stdout.write(
        f"published {artifact}: onnx-int8 is {quantised.test.accuracy:.2%} right on test, "
        f"{100 * beside.difference:+.2f} points beside onnx, in {files['onnx-int8'].bytes:,} "
        f"instead of {files['onnx'].bytes:,} bytes\n"
    )


def _decline(options: Namespace) -> None:
    config = from_options(DecliningConfig, options)
    declining.compare(config)
    sys.stdout.write(f"the comparison is in {config.report}\n")


def _report(options: Namespace) -> None:
    config = from_options(ReportConfig, options)
    write_report(config)
    sys.stdout.write(f"the report is in {config.output}\n")


def _seeds(options: Namespace) -> None:
    artifact = publish_best(
        from_options(RunConfig, options),
        from_options(Places, options),
        from_options(SeedsConfig, options),
        publish_flawed=options.publish_flawed,
    )
    sys.stdout.write("".join(f"{line}\n" for line in seed_lines(artifact)))
    _announce(artifact)


def _study(options: Namespace) -> None:
    config = from_options(StudyConfig, options)
    if options.list or not (options.names or options.all):
        sys.stdout.write("".join(f"{line}\n" for line in overview(config)))
        return
    studies = conduct(
        choose(() if options.all else options.names, config),
        config,
        train=not options.stored_only,
        keep_checkpoints=options.keep_checkpoints,
    )
    sys.stdout.write("".join(f"{line}\n" for study in studies for line in lines(study)))
    if any(study.missing for study in studies):
        raise StudyError("runs are missing; the same command tries them again")


def _announce(artifact: Artifact) -> None:
    test = artifact.document("metrics", Metrics).test
    low, high = test.interval
    sys.stdout.write(
        f"published {artifact}: {test.accuracy:.2%} right on test (95% interval {low:.2%} to "
        f"{high:.2%}), {artifact.manifest.architecture.parameters:,} parameters\n"
    )


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"training: {message}\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
