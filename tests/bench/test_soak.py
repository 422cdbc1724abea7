from collections.abc import Mapping, Sequence

import pytest

from bench.soak import find_problems

FLAT = [100.0, 120, 121, 120, 119, 121]
GOOD = {"200": 90, "400": 5, "left": 2}


@pytest.mark.parametrize(
    ("memory", "counts", "log", "problem"),
    [
        pytest.param(FLAT, GOOD, "", None, id="flat"),
        pytest.param([100, 300, 120, 120, 120, 120], GOOD, "", "more than 200 MB", id="too-much"),
        pytest.param([100, 110, 120, 130, 140, 150], GOOD, "", "growing", id="growing"),
        pytest.param(FLAT, {**GOOD, "500": 1}, "", "failed", id="server-error"),
        pytest.param(FLAT, {"lost: ConnectionResetError": 1}, "", "failed", id="lost"),
        pytest.param(FLAT, GOOD, "Traceback (most recent call last)", "1 traceback", id="log"),
        pytest.param([90], GOOD, "", None, id="one-sample"),
    ],
)
def test_run_is_judged_by_memory_answers_and_log(
    memory: Sequence[float], counts: Mapping[str, int], log: str, problem: str | None
) -> None:
    problems = find_problems(memory, counts, 200, log)
    assert [*map(str, problems)] == [] if problem is None else problem in " ".join(problems)
