"""What was measured, as it is stored, and the figures that are made of it."""

from collections import Counter
from collections.abc import Mapping
from statistics import median
from typing import Self

from pydantic import Field

from artifact.manifest import Part
from bench.serving.bodies import BATCH, Kind
from bench.serving.running.wrk import Reading

ByRound = Mapping[int, float]


class Load(Part):
    """One run of the load generator."""

    round: int = Field(ge=1)
    contestant: str
    kind: Kind = Field(description="Of the bodies.")
    clients: int = Field(ge=1)
    reading: Reading
    core_ms: float = Field(
        ge=0, description="Of all the server's processes, for one request: free of other load."
    )
    rss_mb: float = Field(ge=0, description="Of all the server's processes, when it was over.")


class Start(Part):
    """One start of a server, and what it held then and when all loads of the round were over."""

    round: int = Field(ge=1)
    contestant: str
    seconds: float = Field(ge=0, description="From the command to the first right answer.")
    ready_rss_mb: float = Field(ge=0, description="As rss_mb, but when it was ready.")
    pss_mb: float = Field(ge=0, description="Of all its processes; shared pages divided fairly.")
    rss_mb: float = Field(ge=0, description="Of all its processes; shared pages counted in each.")
    processes: int = Field(ge=0)


class Loop(Part):
    """Bare ONNX Runtime in a loop, no server."""

    round: int = Field(ge=1)
    pictures_per_second: float = Field(gt=0)


class Scaling(Part):
    """Tandem with so many workers, and a core for each."""

    round: int = Field(ge=1)
    workers: int = Field(ge=1)
    reading: Reading
    core_ms: float = Field(gt=0, description="Of all processes, for one request.")


class Overload(Part):
    """Requests that come at their own pace, several times as many as can be answered.

    A request may wait for as long as one of a hundred did when all clients waited for answers.
    """

    capacity: float = Field(gt=0, description="Requests a second that the server can answer.")
    offered: float = Field(gt=0, description="Requests a second that were sent.")
    seconds: float = Field(gt=0)
    sent: int = Field(ge=0)
    accepted: int = Field(ge=0, description="Answered with 200.")
    refused: int = Field(ge=0, description="Answered with 503.")
    with_retry_after: int = Field(ge=0, description="Of those, with a Retry-After header.")
    failed: int = Field(ge=0, description="Answered with anything else.")
    lost: int = Field(ge=0, description="Not answered within half a minute, or cut off.")
    late_p99_ms: float = Field(ge=0, description="By how much requests were sent too late.")
    calm_p99_ms: float = Field(ge=0, description="Of all answers, at 16 clients that wait.")
    accepted_p50_ms: float | None = Field(description="None where none was accepted.")
    accepted_p99_ms: float | None
    refused_p99_ms: float | None
    memory_before_mb: float = Field(ge=0, description="Proportional, after the calm load.")
    memory_after_mb: float = Field(ge=0, description="Proportional, when all was answered.")


class Failure(Part):
    """A contestant, or a part of the run, that gave no figure."""

    contestant: str
    kind: Kind | None = Field(description="Of the bodies; None where all of it failed.")
    reason: str


class Spread(Part):
    """A figure over the rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: ByRound) -> Self | None:
        """Over all rounds that have one; None where none has."""
        if not values:
            return None
        found = values.values()
        return cls(median=median(found), low=min(found), high=max(found))


class Results(Part):
    """One whole run."""

    date: str
    hardware: str
    load_seconds: int = Field(ge=1, description="Of each run of the load generator.")
    versions: dict[str, dict[str, str]] = Field(description="By contestant, by package.")
    loads: tuple[Load, ...] = ()
    starts: tuple[Start, ...] = ()
    loops: tuple[Loop, ...] = ()
    scalings: tuple[Scaling, ...] = ()
    overload: Overload | None = None
    failures: tuple[Failure, ...] = ()

    @property
    def rounds(self) -> int:
        """How many rounds there were."""
        return max((start.round for start in self.starts), default=0)

    def of(self, contestant: str, kind: Kind, clients: int) -> dict[int, Load]:
        """The loads of one contestant with one kind of body and so many clients, by round."""
        return {
            load.round: load
            for load in self.loads
            if (load.contestant, load.kind, load.clients) == (contestant, kind, clients)
        }

    def per_second(self, contestant: str, kind: Kind, clients: int) -> ByRound:
        """Pictures a second that were answered with success."""
        pictures = BATCH if kind == "batch" else 1
        loads = self.of(contestant, kind, clients)
        return {at: pictures * load.reading.per_second for at, load in loads.items()}

    def p50(self, contestant: str, kind: Kind, clients: int) -> ByRound:
        """Median milliseconds to an answer."""
        loads = self.of(contestant, kind, clients)
        return {at: load.reading.p50_ms for at, load in loads.items()}

    def p99(self, contestant: str, kind: Kind, clients: int) -> ByRound:
        """Milliseconds that one answer of a hundred exceeds."""
        loads = self.of(contestant, kind, clients)
        return {at: load.reading.p99_ms for at, load in loads.items()}

    def core_ms(self, contestant: str, kind: Kind, clients: int) -> ByRound:
        """Milliseconds for which one request keeps a core busy."""
        return {at: load.core_ms for at, load in self.of(contestant, kind, clients).items()}

    def rss_mb(self, contestant: str, kind: Kind, clients: int) -> ByRound:
        """What the server held in memory when such a load was over."""
        return {at: load.rss_mb for at, load in self.of(contestant, kind, clients).items()}

    def errors(self, contestant: str) -> ByRound:
        """Answers that were no success, and requests without one, over all its loads."""
        found = Counter[int]()
        for load in self.loads:
            if load.contestant == contestant:
                found[load.round] += load.reading.errors
        return {**found}

    def starts_of(self, contestant: str) -> dict[int, Start]:
        """Its starts, by round."""
        return {start.round: start for start in self.starts if start.contestant == contestant}

    def scaling(self, workers: int) -> ByRound:
        """Requests a second with so many workers."""
        return {
            one.round: one.reading.per_second for one in self.scalings if one.workers == workers
        }

    def scaling_core_ms(self, workers: int) -> ByRound:
        """Milliseconds for which one request keeps a core busy, with so many workers."""
        return {one.round: one.core_ms for one in self.scalings if one.workers == workers}

    def loop(self) -> ByRound:
        """Pictures a second of bare ONNX Runtime."""
        return {loop.round: loop.pictures_per_second for loop in self.loops}


def ratio(of: ByRound, to: ByRound) -> dict[int, float]:
    """Divide within each round, so that what slows the machine slows both."""
    return {at: of[at] / to[at] for at in of if to.get(at)}
