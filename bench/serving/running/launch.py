"""Starting a contestant, and asking it until it answers rightly."""

import http.client
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.serving.bodies import Body, Kind, read_labels
from bench.serving.contestants import QUIET, Contestant, ContestantFailed, Route
from bench.serving.running.environments import PEERS, python_of
from bench.serving.running.processes import Server, free_port, running
from bench.serving.running.wrk import Reading, press

_REPOSITORY: Final = PEERS.parent.parent
_PATIENCE: Final = 120.0  # seconds until a server must have answered
_PAUSE: Final = 0.005  # seconds between two questions to a server that starts
_ANSWER_SECONDS: Final = 5.0


@dataclass(frozen=True)
class Cores:
    """Which cores the server has, and which the load generator."""

    server: int
    load: int


@dataclass(frozen=True)
class Posted:
    """Bodies of one kind, also as the files that the load generator reads."""

    body: Body
    files: list[Path]


@dataclass(frozen=True)
class Serving:
    """A contestant that answers."""

    contestant: Contestant
    port: int
    seconds: float
    server: Server

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}"

    def press(
        self, path: str, posted: Posted, clients: int, seconds: int, cores: Collection[int]
    ) -> Reading:
        """Put load on one path, from those cores.

        Raises:
            ContestantFailed: It died, or gave no answer at all.
        """
        return press(
            self.url + path,
            posted.body.headers,
            posted.files,
            clients=clients,
            seconds=seconds,
            cores=cores,
        )


@dataclass(frozen=True)
class Launcher:
    """What is the same for all contestants of a run."""

    environments: Path
    tandem_python: Path
    models: Path
    onnx: Path
    labels: tuple[str, ...]
    bodies: Mapping[Kind, Posted]
    cores: Cores
    scratch: Path

    @contextmanager
    def serve(
        self, contestant: Contestant, cores: Collection[int] | None = None, **variables: str
    ) -> Iterator[Serving]:
        """Start a contestant, and end it in the end.

        Raises:
            ContestantFailed: It died, or did not answer in time.
        """
        port = free_port()
        command, own = contestant.start(**self.given(contestant), port=str(port))
        began = time.perf_counter()
        with running(
            command,
            self._folder(contestant),
            self.variables | own | variables,
            cores or {self.cores.server},
            self.scratch / f"{contestant.name}.log",
        ) as server:
            self._wait(contestant, port, server)
            yield Serving(contestant, port, time.perf_counter() - began, server)

    def check(self, serving: Serving, route: Route) -> None:
        """Ask everything once, and hold the answers against what the pictures show.

        Raises:
            ContestantFailed: An answer is an error, or names something else.
        """
        body = self.bodies[route.kind].body
        for content, right in zip(body.contents, body.labels, strict=True):
            named = self._ask(serving.port, route, body.headers, content)
            if named is None:
                raise ContestantFailed(f"{route.path} does not answer a {route.kind}")
            _compare(route, named, right)

    def press(self, serving: Serving, route: Route, clients: int, seconds: int) -> Reading:
        """Put load on one route; raises as `Serving.press`."""
        posted = self.bodies[route.kind]
        return serving.press(route.path, posted, clients, seconds, [self.cores.load])

    @property
    def variables(self) -> dict[str, str]:
        """The variables that every contestant gets."""
        shared = str(PEERS / "shared")
        files = {"BENCH_MODEL": str(self.onnx), "PYTHONPATH": shared, "TMPDIR": str(self.scratch)}
        return QUIET | files

    def given(self, contestant: Contestant) -> dict[str, str]:
        """What a contestant's command may ask for, its port aside."""
        python = self.tandem_python
        if contestant.environment:
            python = python_of(self.environments / contestant.environment)
        return {
            "python": str(python),
            "bin": str(python.parent),
            # An older tree need not read the manifests of this one.
            "models": str(contestant.tree / "models" if contestant.tree else self.models),
            "spare": str(free_port()),
            "spare2": str(free_port()),
        }

    def _wait(self, contestant: Contestant, port: int, server: Server) -> None:
        """Ask until the first route answers."""
        route = contestant.routes[0]
        body = self.bodies[route.kind].body
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end and server.alive:
            if self._ask(port, route, body.headers, body.contents[0]):
                return
            time.sleep(_PAUSE)
        what = "did not answer in time" if server.alive else "died"
        raise ContestantFailed(f"{what}; its last line was: {self._anywhere(server.last_words())}")

    def _ask(
        self, port: int, route: Route, headers: Mapping[str, str], content: bytes
    ) -> list[str] | None:
        """What is named; None where there is no answer, or not one with status 200."""
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_SECONDS)
        try:
            connection.request("POST", route.path, content, dict(headers))
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if answer.status != http.client.OK:
            return None
        named = {name.lower(): value for name, value in answer.headers.items()}
        try:
            return read_labels(said, named, self.labels)
        except (ValueError, KeyError, TypeError) as error:
            raise ContestantFailed(f"{route.path} gives an answer that names nothing") from error

    def _anywhere(self, text: str) -> str:
        """Without the folders of this machine: what failed is published."""
        for folder in (self.scratch, self.environments, _REPOSITORY):
            text = text.replace(str(folder), "...")
        return text

    @staticmethod
    def _folder(contestant: Contestant) -> Path:
        if contestant.environment:
            return PEERS / contestant.environment
        return contestant.tree or _REPOSITORY


def _compare(route: Route, named: Sequence[str], right: Sequence[str]) -> None:
    if len(named) != len(right):
        raise ContestantFailed(f"{route.path} answers {len(named)} of {len(right)} pictures")
    for label, truth in zip(named, right, strict=True):
        if label != truth:
            raise ContestantFailed(f"{route.path} names {label} what shows {truth}")
