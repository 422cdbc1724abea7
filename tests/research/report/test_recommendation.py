"""Which model is named for which need."""

import pytest

from artifact.manifest import RuntimeId
from research.report.recommendation import Choice, smallest

BYTES = 36_000
SIZES: dict[RuntimeId, int] = {
    "torchscript": BYTES,
    "onnx": BYTES + 143,
    "onnx-int8": BYTES + 2_000,
}


def choice(runtime: RuntimeId, p50_ms: float | None) -> Choice:
    return Choice("tiny/1", runtime, 0.99, SIZES[runtime], p50_ms)


@pytest.mark.parametrize(
    ("times", "named"),
    [
        pytest.param((0.4, 0.04, 0.01), "onnx", id="fastest-of-those-as-small"),
        pytest.param((0.03, 0.04, 0.01), "torchscript", id="smallest-that-is-fastest-too"),
        pytest.param((None, 0.04, 0.01), "onnx", id="timed-before-untimed"),
        pytest.param((None, None, None), "torchscript", id="smallest-where-none-is-timed"),
    ],
)
def test_smallest_is_the_fastest_of_files_that_are_as_small(
    times: tuple[float | None, float | None, float | None], named: str
) -> None:
    choices = [
        choice("torchscript", times[0]),
        choice("onnx", times[1]),
        choice("onnx-int8", times[2]),
    ]
    assert smallest(choices).runtime == named
