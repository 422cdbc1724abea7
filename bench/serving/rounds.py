"""The comparison: every contestant in turn, and that several times over."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from bench.serving.bodies import Kind
from bench.serving.contestants import LOOP, Contestant, ContestantFailed, Route
from bench.serving.results import Failure, Load, Loop, Overload, Scaling, Start
from bench.serving.running.environments import PEERS
from bench.serving.running.launch import Launcher, Serving

_START_SECONDS: Final = 4.0  # a guess, for the plan
_WARM_UP_SECONDS: Final = 1
_WARM_UP_CLIENTS: Final = 16


class RoundProgress:
    """Prints lines, each with the time gone and the time left.

    Args:
        planned: Seconds that the whole is thought to take.
        say: Takes each line.
    """

    def __init__(self, planned: float, say: Callable[[str], None] = print) -> None:
        self._planned = planned
        self._done = 0.0
        self._say = say
        self._began = time.monotonic()

    @property
    def elapsed(self) -> float:
        """Seconds since the beginning."""
        return time.monotonic() - self._began

    @property
    def left(self) -> float:
        """Seconds that the rest should take, at the pace so far."""
        pace = self.elapsed / self._done if self._done else 1.0
        return max(0.0, self._planned - self._done) * pace

    def advance(self, planned: float, line: str) -> None:
        """Count that much of the plan as done, and say what it brought."""
        self._done += planned
        self.say(line)

    def say(self, line: str) -> None:
        """Say something with the time."""
        self._say(f"[{_clock(self.elapsed)}, {_clock(self.left)} left] {line}")


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02}"


@dataclass
class Records:
    """What the rounds have brought so far."""

    loads: list[Load] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    scalings: list[Scaling] = field(default_factory=list)
    overload: Overload | None = None
    failures: list[Failure] = field(default_factory=list)

    def fail(self, contestant: str, failure: ContestantFailed, kind: Kind | None = None) -> None:
        """Note why one gave no figure, or none for one kind of body."""
        self.failures.append(Failure(contestant=contestant, kind=kind, reason=str(failure)))

    def failed(self, contestant: str, kind: Kind | None = None) -> bool:
        """Whether it failed already: all of it, or what it does with that kind of body."""
        return any(
            failure.contestant == contestant and failure.kind in {None, kind}
            for failure in self.failures
        )


@dataclass(frozen=True)
class Rounds:
    """How the contestants are measured.

    Attributes:
        launcher: Starts them.
        contestants: In the order of every round.
        count: Most rounds.
        load_seconds: Of each run of the load generator.
        limit: No round is begun that would end later than this, in seconds; one is always run.
        progress: Is told what was measured.
        records: What was measured; who fails once is left out from then on.
    """

    launcher: Launcher
    contestants: Sequence[Contestant]
    count: int
    load_seconds: int
    limit: float
    progress: RoundProgress
    records: Records

    def run(self) -> None:
        """Measure everyone in turn, several times over."""
        longest = 0.0
        for number in range(1, self.count + 1):
            began = self.progress.elapsed
            if number > 1 and began + longest > self.limit:
                self.progress.say(f"no time for round {number} of {self.count}")
                return
            for contestant in self.contestants:
                if not self.records.failed(contestant.name):
                    self._measure(contestant, number)
            longest = max(longest, self.progress.elapsed - began)

    def fail(
        self, contestant: Contestant, failure: ContestantFailed, kind: Kind | None = None
    ) -> None:
        """Say and note why one gave no figure, or none for one kind of body."""
        self.progress.say(f"{contestant.title}: {failure}")
        self.records.fail(contestant.name, failure, kind)

    def _measure(self, contestant: Contestant, number: int) -> None:
        try:
            if contestant.name == LOOP:
                self.records.loops.append(self._loop(contestant, number))
            else:
                self._serve(contestant, number)
        except ContestantFailed as failure:
            self.fail(contestant, failure)

    def _serve(self, contestant: Contestant, number: int) -> None:
        with self.launcher.serve(contestant) as serving:
            ready = f"{contestant.title}: ready after {serving.seconds:.2f} s"
            self.progress.advance(_START_SECONDS, f"round {number}: {ready}")
            ready_rss_mb = serving.server.memory().rss
            for route in contestant.routes:
                if not self.records.failed(contestant.name, route.kind):
                    self._load(serving, route, number)
            memory = serving.server.memory()
            self.records.starts.append(
                Start(
                    round=number,
                    contestant=contestant.name,
                    seconds=serving.seconds,
                    ready_rss_mb=ready_rss_mb,
                    pss_mb=memory.pss,
                    rss_mb=memory.rss,
                    processes=memory.processes,
                )
            )

    def _load(self, serving: Serving, route: Route, number: int) -> None:
        try:
            self.records.loads.extend(self._loads(serving, route, number))
        except ContestantFailed as failure:
            if not serving.server.alive:
                raise
            self.fail(serving.contestant, failure, route.kind)

    def _loads(self, serving: Serving, route: Route, number: int) -> Iterator[Load]:
        if serving.contestant.answers:
            self.launcher.check(serving, route)
        self.launcher.press(serving, route, _WARM_UP_CLIENTS, _WARM_UP_SECONDS)
        for clients in route.clients:
            before = serving.server.core_seconds()
            reading = self.launcher.press(serving, route, clients, self.load_seconds)
            busy = serving.server.core_seconds() - before
            load = Load(
                round=number,
                contestant=serving.contestant.name,
                kind=route.kind,
                clients=clients,
                reading=reading,
                core_ms=1000 * busy / reading.requests,
                rss_mb=serving.server.memory().rss,
            )
            self.progress.advance(self.load_seconds, _describe(serving, load))
            yield load

    def _loop(self, contestant: Contestant, number: int) -> Loop:
        launcher = self.launcher
        given = launcher.given(contestant)
        command, _ = contestant.start(**given, port="", seconds=str(self.load_seconds))
        pinned = ["taskset", "--cpu-list", str(launcher.cores.server), *command]
        try:
            finished = subprocess.run(
                pinned,
                cwd=PEERS / (contestant.environment or ""),
                env={**os.environ, **launcher.variables},
                capture_output=True,
                text=True,
                check=True,
                timeout=60 + self.load_seconds,
            )
        except subprocess.SubprocessError as error:
            raise ContestantFailed(f"the loop failed: {error}") from error
        loop = Loop(round=number, pictures_per_second=float(finished.stdout))
        line = f"{contestant.title}: {loop.pictures_per_second:,.0f} pictures/s"
        self.progress.advance(self.load_seconds + 1, line)
        return loop


def planned_seconds(contestants: Sequence[Contestant], load_seconds: int) -> float:
    """How long one round should take."""
    return sum(
        _START_SECONDS * bool(contestant.routes)
        + sum(load_seconds * len(route.clients) for route in contestant.routes)
        + (load_seconds + 1) * (contestant.name == LOOP)
        for contestant in contestants
    )


def _describe(serving: Serving, load: Load) -> str:
    reading = load.reading
    errors = f", {reading.errors:,} ERRORS" if reading.errors else ""
    return (
        f"{serving.contestant.title}: {load.kind}, clients {load.clients}: "
        f"{reading.per_second:,.0f}/s, p50 {reading.p50_ms:.2f} ms, p99 {reading.p99_ms:.2f} ms, "
        f"core {load.core_ms:.3f} ms{errors}"
    )
