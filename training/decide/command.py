"""`decide`: its options, its exit status, and the service that it may hand over to."""

import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import Final

from artifact.files import replace
from artifact.runtimes.table import RUNTIMES
from artifact.statistics.option import Choice, Verdict
from training.commands import from_options
from training.decide.config import DecideConfig, Limits
from training.decide.outcome.report import write_report
from training.decide.outcome.summary import summarise
from training.decide.run import run
from training.errors import PretrainedError
from training.networks import mobilenet_v3

_STATUS: Final[dict[Verdict, int]] = {
    "ship": 0,
    "constraints-unmet": 3,
    "no-better-than-majority": 4,
    "flawed": 4,
}


def execute(options: Namespace) -> int:
    """Decide, and return the exit status: 0 published, 3 constraints unmet, 4 ship none."""
    config, limits = from_options(DecideConfig, options), from_options(Limits, options)
    if options.download:
        _download()
    if options.json:  # now, not when all is done
        options.json.parent.mkdir(parents=True, exist_ok=True)
    outcome = run(options.folder, config, limits.constraints, _say)
    summary = summarise(outcome)
    report = write_report(summary, outcome)
    sys.stdout.write("\n".join(summary.lines()) + "\n")
    _say(f"report: {report}")
    if options.json:
        replace(options.json, summary.model_dump_json(indent=2).encode() + b"\n")
    status = _STATUS[outcome.decision.verdict]
    if options.serve and outcome.decision.pick is not None:
        _serve(config.models_dir, outcome.decision.pick)
    return status


def _download() -> None:
    """Fetch weights; without them the command goes on, and its plan says what is left out."""
    try:
        mobilenet_v3.fetch()
    except PretrainedError as error:
        _say(f"--download: {error}")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _serve(models_dir: Path, pick: Choice) -> None:
    """Become the service of these models, the pick its default; other settings are as they are."""
    runtimes = sorted(RUNTIMES, key=lambda runtime: runtime != pick.runtime)
    os.environ["TANDEM_MODELS_DIR"] = str(models_dir)
    os.environ["TANDEM_DEFAULT_MODEL"] = pick.model.rpartition("/")[0]
    os.environ.setdefault("TANDEM_RUNTIMES", ",".join(runtimes))
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", "service"])  # noqa: S606 - itself
