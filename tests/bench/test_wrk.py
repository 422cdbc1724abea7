import asyncio
import shutil
from pathlib import Path

import pytest

from bench.serving.contestants import BenchmarkError, ContestantFailed
from bench.serving.running import wrk
from tests.bench.answering import Answering

LINE = (
    '{"requests": 300, "microseconds": 2000000, "p50": 1500, "p99": 9000, '
    '"refused": 20, "broken": 1}'
)


def test_line_below_the_report_of_wrk_is_read() -> None:
    found = wrk.parse(f"Running 2s test @ http://127.0.0.1\n  1 threads\n{LINE}\n")
    assert (found.seconds, found.p50_ms, found.p99_ms) == (2, 1.5, 9)
    assert (found.requests, found.refused, found.broken) == (300, 20, 1)


def test_refused_requests_do_not_count_as_answered() -> None:
    assert wrk.parse(LINE).per_second == 140


@pytest.mark.parametrize(
    ("output", "why"),
    [
        ("Running 1s test\n", "no result"),
        (LINE.replace("300", "0"), "no request was answered"),
    ],
    ids=["no line", "no request"],
)
def test_output_without_figures_fails_the_contestant(output: str, why: str) -> None:
    with pytest.raises(ContestantFailed, match=why):
        wrk.parse(output)


def test_missing_wrk_is_said_with_the_way_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(BenchmarkError, match="apt-get install wrk"):
        wrk.find()


@pytest.mark.skipif(not shutil.which("wrk"), reason="wrk is not installed")
def test_wrk_posts_every_body_in_turn(tmp_path: Path) -> None:
    bodies = [tmp_path / name for name in ("one", "two")]
    for path in bodies:
        path.write_bytes(path.name.encode() * 100)
    answering = Answering()

    async def press() -> wrk.Reading:
        async with answering.listening() as port:
            return await asyncio.to_thread(
                wrk.press,
                f"http://127.0.0.1:{port}/predict",
                {"Content-Type": "image/png"},
                bodies,
                clients=2,
                seconds=1,
                cores=range(256),
            )

    reading = asyncio.run(press())
    assert reading.requests > 2
    assert (reading.refused, reading.broken) == (0, 0)
    assert {body for _, body in answering.seen} == {b"one" * 100, b"two" * 100}
    assert all(head.startswith(b"POST /predict ") for head, _ in answering.seen)
    assert all(b"content-type: image/png" in head.lower() for head, _ in answering.seen)
