"""One whole run: set up the peers, measure everyone in turn, then Tandem alone."""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, get_args

from artifact.hardware import describe_hardware, library_versions
from artifact.repository import Repository
from bench.serving import behaviour
from bench.serving.bodies import Kind, choose_digits, encode
from bench.serving.contestants import TANDEM, BenchmarkError, Contestant, ContestantFailed
from bench.serving.results import Results
from bench.serving.rounds import Records, RoundProgress, Rounds, planned_seconds
from bench.serving.running import environments, wrk
from bench.serving.running.launch import Cores, Launcher, Posted

MODEL: Final = "mobilenet"
_BEHAVIOUR_SECONDS: Final = 20.0  # of starts, stops and waiting, beside the loads


@dataclass(frozen=True)
class Plan:
    """What is run, and with what.

    Attributes:
        contestants: Who is measured, in this order in every round.
        rounds: Most rounds.
        load_seconds: Of each run of the load generator.
        limit_seconds: What the whole run should take at most, set-up aside.
        environments: Where the peers' environments are.
        models: The model repository.
        tandem_python: The interpreter that Tandem runs on.
        alone: Whether Tandem's workers and overload are measured too, after all others.
    """

    contestants: Sequence[Contestant]
    rounds: int
    load_seconds: int
    limit_seconds: float
    environments: Path
    models: Path
    tandem_python: Path
    alone: bool = True

    @property
    def behaviour_seconds(self) -> float:
        """What measuring Tandem alone should take."""
        if not self.alone:
            return 0.0
        return _BEHAVIOUR_SECONDS + self.load_seconds * 2 * (self.rounds + 1)


def compare(plan: Plan, say: Callable[[str], None]) -> Results:
    """Measure all that the plan says; who fails is named in the results.

    Raises:
        BenchmarkError: This machine lacks something that the comparison needs.
    """
    wrk.find()
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise BenchmarkError("needs two cores: one for the server, one for the load generator")
    records = Records()
    contestants = list(_set_up(plan, records, say))
    hardware = describe_hardware()
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, _pinned(cores[1]):
        launcher = _launcher(plan, Cores(cores[0], cores[1]), Path(scratch))
        planned = plan.rounds * planned_seconds(contestants, plan.load_seconds)
        progress = RoundProgress(planned + plan.behaviour_seconds, say)
        limit = plan.limit_seconds - plan.behaviour_seconds
        rounds = Rounds(
            launcher, contestants, plan.rounds, plan.load_seconds, limit, progress, records
        )
        rounds.run()
        for tandem in contestants if plan.alone else ():
            if tandem.name == TANDEM and not records.failed(TANDEM):
                _measure_alone(rounds, tandem, cores)
    return Results(
        date=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        hardware=hardware,
        load_seconds=plan.load_seconds,
        versions={one.name: _versions(one) for one in contestants},
        **vars(records),
    )


def _set_up(plan: Plan, records: Records, say: Callable[[str], None]) -> Iterator[Contestant]:
    """Make the environments; who cannot have one is recorded, and left out."""
    for contestant in plan.contestants:
        peer = contestant.environment
        try:
            if peer:
                environments.prepare(peer, plan.environments, say)
            yield contestant
        except ContestantFailed as failure:
            say(f"{contestant.title}: {failure}")
            records.fail(contestant.name, failure)


def _measure_alone(rounds: Rounds, tandem: Contestant, cores: Sequence[int]) -> None:
    """Measure Tandem with more workers, and with more requests than it can answer."""
    seconds, progress = rounds.load_seconds, rounds.progress
    try:
        for number in range(1, rounds.count + 1):
            found = behaviour.scale(rounds.launcher, tandem, cores, number, seconds)
            rounds.records.scalings.extend(found)
            rates = ", ".join(f"{one.workers}: {one.reading.per_second:,.0f}/s" for one in found)
            progress.advance(2 * seconds, f"{tandem.title}, by workers: {rates}")
        overload = behaviour.overload(rounds.launcher, tandem, 2 * seconds)
        rounds.records.overload = overload
        progress.say(f"overload: {overload.refused:,} of {overload.sent:,} requests refused")
    except ContestantFailed as failure:
        rounds.fail(tandem, failure)


def _launcher(plan: Plan, cores: Cores, scratch: Path) -> Launcher:
    artifact = Repository.scan(plan.models).get(MODEL)
    digits = choose_digits(artifact.open("onnx"))
    kinds: Sequence[Kind] = get_args(Kind)
    bodies = {kind: encode(kind, digits) for kind in kinds}
    onnx = artifact.folder / artifact.manifest.files["onnx"].path
    return Launcher(
        environments=plan.environments.absolute(),
        tandem_python=plan.tandem_python.absolute(),
        models=plan.models.absolute(),
        onnx=onnx.absolute(),
        labels=artifact.manifest.labels,
        bodies={kind: Posted(body, body.write(scratch / kind)) for kind, body in bodies.items()},
        cores=cores,
        scratch=scratch,
    )


def _versions(contestant: Contestant) -> dict[str, str]:
    if contestant.environment:
        return environments.versions(contestant.environment)
    return library_versions("tandem", "fastapi", "uvicorn", "onnxruntime")


@contextmanager
def _pinned(core: int) -> Iterator[None]:
    """Keep this process, which also makes load, off the server's core."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
