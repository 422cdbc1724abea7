"""wrk, the load generator: as many connections as clients, each waiting for its answer."""

import json
import shutil
import subprocess
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final

from pydantic import Field

from artifact.manifest import Part
from bench.serving.contestants import BenchmarkError, ContestantFailed

_SCRIPT: Final = Path(__file__).with_name("post.lua")
_PATIENCE: Final = 15  # seconds that wrk may take longer than it was told


class Reading(Part):
    """What wrk measured in one run."""

    requests: int = Field(ge=0, description="Answers that arrived, whatever they said.")
    seconds: float = Field(gt=0, description="Length of the run.")
    p50_ms: float = Field(ge=0, description="Median time to an answer.")
    p99_ms: float = Field(ge=0, description="Time that one answer of a hundred exceeded.")
    refused: int = Field(ge=0, description="Answers with a status of 400 or above.")
    broken: int = Field(ge=0, description="Connections that failed, and answers after 2 seconds.")

    @property
    def per_second(self) -> float:
        """Answers a second, errors not counted."""
        return (self.requests - self.refused) / self.seconds

    @property
    def errors(self) -> int:
        """Requests without success."""
        return self.refused + self.broken


def find() -> str:
    """Say where wrk is.

    Raises:
        BenchmarkError: It is not installed.
    """
    if path := shutil.which("wrk"):
        return path
    raise BenchmarkError("wrk, the load generator, is not installed: apt-get install wrk")


def press(
    url: str,
    headers: Mapping[str, str],
    bodies: Sequence[Path],
    *,
    clients: int,
    seconds: int,
    cores: Collection[int],
) -> Reading:
    """Post the bodies in turn for that long, as fast as answers come.

    Raises:
        ContestantFailed: Nothing came back that could be counted.
    """
    options = [f"--connections={clients}", "--threads=1", f"--duration={seconds}s"]
    options += [f"--header={name}: {value}" for name, value in headers.items()]
    pinned = ["taskset", "--cpu-list", ",".join(map(str, cores))]
    command = [*pinned, find(), *options, f"--script={_SCRIPT}", url, "--", *map(str, bodies)]
    try:
        finished = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + _PATIENCE, check=True
        )
    except subprocess.CalledProcessError as error:
        raise ContestantFailed(f"wrk failed: {error.stderr.strip() or error.stdout}") from error
    except subprocess.TimeoutExpired as error:
        raise ContestantFailed("wrk did not end: the server holds its connections") from error
    return parse(finished.stdout)


def parse(output: str) -> Reading:
    """Read the line that the script prints below wrk's own report.

    Raises:
        ContestantFailed: There is no such line, or no request was answered.
    """
    lines = [line for line in output.splitlines() if line.startswith("{")]
    if not lines:
        raise ContestantFailed(f"wrk printed no result but: {output.strip()!r}")
    found = json.loads(lines[-1])
    if not found["requests"]:
        raise ContestantFailed(f"no request was answered, and {found['broken']} connections broke")
    return Reading(
        requests=found["requests"],
        seconds=found["microseconds"] / 1e6,
        p50_ms=found["p50"] / 1e3,
        p99_ms=found["p99"] / 1e3,
        refused=found["refused"],
        broken=found["broken"],
    )
