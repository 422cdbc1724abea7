from pathlib import Path

import pytest

from artifact.latency import measure
from artifact.predictor import Predictor
from tests.known_answer import publish_known_answer


def test_every_runtime_is_measured_at_every_batch_size(tmp_path: Path) -> None:
    known = publish_known_answer(tmp_path)
    predictors = [known.open("onnx"), known.open("torchscript")]
    benchmark = measure(predictors, threads=1, batch_sizes=(1, 4), seconds=0.01)
    cells = [(row.runtime, row.batch_size) for row in benchmark.latencies]
    assert cells == [("onnx", 1), ("onnx", 4), ("torchscript", 1), ("torchscript", 4)]
    assert benchmark.hardware
    assert {"python", "numpy", "onnxruntime", "torch"} <= set(benchmark.libraries)


@pytest.fixture
def known(tmp_path: Path) -> Predictor:
    return publish_known_answer(tmp_path, runtimes=["onnx"]).open("onnx")


def test_figures_of_one_row_agree_with_each_other(known: Predictor) -> None:
    (row,) = measure([known], 1, (4,), 0.05).latencies
    assert 0 < row.p50_ms <= row.p90_ms <= row.p99_ms
    assert 0.02 < row.runs * 4 / row.images_per_second < 0.5, "0.05 s, where nothing else runs"
    assert row.bytes == known.manifest.files["onnx"].bytes


def test_check_is_made_before_every_run_and_ends_the_measurement(known: Predictor) -> None:
    checks = 0

    def check() -> None:
        nonlocal checks
        checks += 1
        if checks == 50:
            raise KeyError

    with pytest.raises(KeyError):
        measure([known], 1, (1,), 60, check)


def test_warm_up_takes_no_longer_than_the_measurement(known: Predictor) -> None:
    runs = 0

    def check() -> None:
        nonlocal runs
        runs += 1

    (row,) = measure([known], 1, (1,), 0, check).latencies
    assert (row.runs, runs) == (10, 11)
