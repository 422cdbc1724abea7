"""The service as its users start it: a process of its own, spoken to through a socket."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

PATIENCE = 60
COMMAND = ("-m", "service")
WITHOUT_TORCH = (
    "-c",
    "import sys; sys.modules['torch'] = None\nfrom service.__main__ import main; main()",
)
_ADDRESS = re.compile(r"running on (http://127\.0\.0\.1:(\d+))")


@dataclass(frozen=True)
class Running:
    process: subprocess.Popen[bytes]
    url: str
    port: int
    log: Path


Start = Callable[..., AbstractContextManager[Running]]


def environment(**settings: object) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TANDEM_")}
    return {**kept, **{f"TANDEM_{name.upper()}": str(value) for name, value in settings.items()}}


def run_to_the_end(
    command: Sequence[str] = COMMAND, **settings: object
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *command],
        env=environment(**{"port": 0, **settings}),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def wait_until(condition: Callable[[], bool], every: float = 0.02) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end
        time.sleep(every)


@contextmanager
def serving(log: Path, command: Sequence[str] = COMMAND, **settings: object) -> Iterator[Running]:
    """Start the service on a free port, wait until it listens, and end it in the end."""
    with log.open("wb") as stderr:
        process = subprocess.Popen(
            [sys.executable, *command], env=environment(**{"port": 0, **settings}), stderr=stderr
        )
    try:
        url, port = _address(process, log)
        yield Running(process, url, port, log)
    finally:
        process.kill()
        process.wait(PATIENCE)


def _address(process: subprocess.Popen[bytes], log: Path) -> tuple[str, int]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        if found := _ADDRESS.search(log.read_text()):
            return found[1], int(found[2])
        time.sleep(0.02)
    raise AssertionError(f"the service did not start:\n{log.read_text()}")
