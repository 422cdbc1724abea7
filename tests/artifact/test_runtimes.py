import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx.external_data_helper import convert_model_to_external_data

from artifact.errors import BrokenArtifact
from artifact.manifest import MODEL_FILES, RuntimeId
from artifact.runtimes.base import Batch, pieces
from artifact.runtimes.table import is_installed, open_runtime
from tests.known_answer import LABELS, SIDE, onnx_model, torchscript_model

GAIN = 10.0


def model(runtime: RuntimeId) -> bytes:
    return torchscript_model(GAIN) if runtime == "torchscript" else onnx_model(GAIN)


def quarters(*labels: int) -> Batch:
    """Pictures [N, 1, SIDE, SIDE], each with one white quarter."""
    masks = np.eye(len(LABELS), dtype=np.float32).reshape(-1, 1, 2, 2)
    return masks.repeat(SIDE // 2, 2).repeat(SIDE // 2, 3)[list(labels)]


@pytest.mark.parametrize("runtime", ["onnx", "onnx-int8", "torchscript"])
@pytest.mark.parametrize("labels", [(0,), (3, 1), (3, 2, 1) * 11, (0, 1, 2, 3) * 16], ids=len)
def test_runtime_computes_the_known_logits_at_any_batch_size(
    runtime: RuntimeId, labels: tuple[int, ...]
) -> None:
    logits = open_runtime(runtime, model(runtime)).run(quarters(*labels))
    assert logits.dtype == np.float32
    np.testing.assert_allclose(logits, GAIN * np.eye(4)[list(labels)], atol=1e-5)


@pytest.mark.parametrize(
    ("count", "side", "sizes"),
    [(3, 28, [3]), (70, 28, [32, 32, 6]), (10, 192, [4, 4, 2]), (2, 2000, [1, 1])],
)
def test_pieces_hold_fewer_pictures_the_larger_they_are(
    count: int, side: int, sizes: list[int]
) -> None:
    batch = np.zeros((count, 3, side, side), np.float32)
    assert [len(piece) for piece in pieces(batch, 32)] == sizes


@pytest.mark.parametrize("runtime", ["onnx", "torchscript"])
def test_answers_in_pieces_are_those_of_the_whole_batch(
    runtime: RuntimeId, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("base", "onnx", "torchscript"):
        monkeypatch.setattr(f"artifact.runtimes.{module}.MOST_AT_ONCE", 3 * SIDE * SIDE)
    labels = [0, 1, 2, 3, 2, 1, 0]
    logits = open_runtime(runtime, model(runtime)).run(quarters(*labels))
    assert logits.argmax(axis=1).tolist() == labels


@pytest.mark.parametrize(("runtime", "name"), [("onnx", "pixels"), ("torchscript", "input")])
def test_names_are_the_files_own_where_it_has_any(runtime: RuntimeId, name: str) -> None:
    opened = open_runtime(runtime, model(runtime))
    assert (opened.input_name, opened.output_name) == (name, "logits")


@pytest.mark.parametrize("runtime", ["onnx", "torchscript"])
def test_concurrent_callers_each_get_their_own_answer(runtime: RuntimeId) -> None:
    opened = open_runtime(runtime, model(runtime))
    expected = [number % 4 for number in range(200)]
    with ThreadPoolExecutor(8) as pool:
        answers = pool.map(lambda label: opened.run(quarters(label)).argmax(), expected)
        assert list(answers) == expected


def test_onnx_file_with_data_outside_its_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = onnx.load_from_string(onnx_model(GAIN))
    convert_model_to_external_data(model, location="weights.bin", size_threshold=0)
    monkeypatch.chdir(tmp_path)
    onnx.save(model, "model.onnx")
    assert Path("weights.bin").stat().st_size
    with pytest.raises(BrokenArtifact, match="External data path validation failed"):
        open_runtime("onnx", Path("model.onnx").read_bytes())


@pytest.mark.parametrize(
    ("runtime", "data"),
    [
        ("onnx", b""),
        ("onnx", b"not a model"),
        ("onnx", onnx_model(GAIN)[:-50]),
        ("torchscript", b""),
        ("torchscript", b"not an archive"),
    ],
)
def test_bytes_that_are_no_model_are_refused(runtime: RuntimeId, data: bytes) -> None:
    with pytest.raises(BrokenArtifact, match="refuses"):
        open_runtime(runtime, data)


def test_runtimes_of_the_full_installation_are_installed() -> None:
    assert all(is_installed(runtime) for runtime in MODEL_FILES)


def test_missing_library_is_named_with_what_is_installed() -> None:
    script = """
import importlib.util, sys
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == "torch" else find_spec(name, *rest)
from artifact.errors import RuntimeUnavailable
from artifact.runtimes.table import open_runtime
try:
    open_runtime("torchscript", b"")
except RuntimeUnavailable as error:
    print(error)
assert "torch" not in sys.modules
"""
    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert "needs the package torch, which is not installed" in said
    assert "installed runtimes: onnx, onnx-int8" in said


def test_telemetry_is_off_before_the_library_is_imported() -> None:
    open_runtime("onnx", onnx_model(GAIN))
    assert os.environ["ORT_DISABLE_TELEMETRY"] == "1"
