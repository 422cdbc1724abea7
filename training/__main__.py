"""`python -m training`: the command line, and nothing else."""

import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Sequence

from pydantic import BaseModel, ValidationError

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

_PUBLISH_FLAWED = "Publish the network even if something is wrong with it, marked as such."
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

    def add(
        name: str,
        does: Callable[[Namespace], None],
        when_stopped: str,
        summary: str,
        *models: type[BaseModel],
    ) -> ArgumentParser:
        command = commands.add_parser(name, help=summary)
        command.set_defaults(command=does, when_stopped=when_stopped)
        for model in models:
            add_options(command, model)
        return command

    goes_on, no_report = "the same command goes on from here", "there is no report"
    with_resume = "the same command with --resume goes on from here"
    command = add("run", _run, with_resume, "train one network and publish it", RunConfig, Places)
    _flag(command, "--resume", "Go on where the run stopped, if it was begun.")
    _flag(command, "--publish-flawed", _PUBLISH_FLAWED)
    summary = "ask published models about other pictures"
    add("evaluate", _evaluate, no_report, summary, ExaminationConfig)
    summary = "publish a model again, with an onnx-int8 file"
    command = add("quantize", _quantize, "nothing was published", summary, QuantizeConfig)
    command.add_argument("name", metavar="MODEL", help="Name of a published model.")
    summary = "hold every published model against every other"
    add("compare", _compare, "there is no comparison", summary, ComparisonConfig)
    summary = "compare scores that tell digits from the rest"
    add("decline", _decline, no_report, summary, DecliningConfig)
    summary = "write what studies and models say as a page"
    add("report", _report, no_report, summary, ReportConfig)
    summary = "train from several seeds and publish the best"
    command = add("seeds", _seeds, goes_on, summary, SeedsConfig, RunConfig, Places)
    _flag(command, "--publish-flawed", _PUBLISH_FLAWED)
    command = add("study", _study, goes_on, "put a question to several seeds", StudyConfig)
    command.add_argument("names", nargs="*", metavar="NAME", help="Of studies; --list names them.")
    _flag(command, "--all", "Every study, in one go.")
    _flag(command, "--list", "List the studies, with what is done of each.")
    _flag(command, "--stored-only", "Train nothing: use the runs that are finished.")
    _flag(command, "--keep-checkpoints", "Do not delete those of finished runs.")
    return parser


def _flag(command: ArgumentParser, name: str, meaning: str) -> None:
    command.add_argument(name, action="store_true", help=meaning)


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
