import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from artifact.inspection.inspection import Inspection
from artifact.inspection.profile import profile
from artifact.inspection.sheets import sheet_of_filters, sheet_of_maps
from artifact.repository import Repository
from tests.artifact.inspection.conftest import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_layers_are_what_the_model_was_published_with(repository: Repository, name: str) -> None:
    artifact = repository.get(name)
    inspection = Inspection(artifact.read("onnx"), artifact.manifest.input.shape)
    layers = [layer.told for layer in inspection.layers]
    assert sum(layer.macs for layer in layers) == artifact.manifest.architecture.macs
    assert sum(layer.parameters for layer in layers) < artifact.manifest.architecture.parameters
    told = json.loads(artifact.read("filters"))["layers"]
    assert [
        (layer.name, list(layer.weight), layer.kind)
        for layer in layers
        if layer.weight and layer.kind != "linear"
    ] == [(layer["name"], layer["shape"], layer["kind"]) for layer in told]


@pytest.mark.parametrize("name", ["conv", "mobilenet-tiny"])
def test_every_layer_has_its_time(
    repository: Repository, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("artifact.files._IN_MEMORY", tmp_path)
    artifact = repository.get(name)
    shape = artifact.manifest.input.shape
    model = artifact.read("onnx")
    layers = Inspection(model, shape).layers
    timed = profile(model, shape, layers, seconds=0.05)
    assert set(timed.layers) == {layer.told.name for layer in layers}
    assert timed.runs >= 5
    assert 0 < sum(timed.layers.values()) < timed.microseconds
    assert not list(tmp_path.iterdir()), "the profiler's file stays nowhere"


def test_profile_can_be_ended(repository: Repository) -> None:
    artifact = repository.get("mobilenet")

    def end() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        profile(artifact.read("onnx"), artifact.manifest.input.shape, (), 1, end)


def size(png: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(png)).size


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((3, 5, 7), (3 * 8 - 1, 5)),
        ((20, 5, 5), (16 * 6 - 1, 2 * 6 - 1)),
        ((500, 4, 4), (16 * 5 - 1, 8 * 5 - 1)),
        ((2, 100, 50), (2 * 14 - 1, 25)),
    ],
)
def test_maps_lie_in_rows_and_are_bounded(
    shape: tuple[int, int, int], expected: tuple[int, int]
) -> None:
    assert size(sheet_of_maps(np.ones(shape, np.float32))) == expected


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((32, 1, 3, 3), (16 * 4 - 1, 2 * 4 - 1)),
        ((8, 4, 3, 3), (4 * 4 - 1, 8 * 4 - 1)),
        ((64, 48, 1, 1), (32, 32)),
        ((10, 96), (32, 10)),
    ],
    ids=["depthwise", "standard", "pointwise", "linear"],
)
def test_filters_lie_as_what_they_read(shape: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert size(sheet_of_filters(np.ones(shape, np.float32))) == expected


def test_colour_is_the_sign_and_strength_of_a_number() -> None:
    tile = np.array([[[-2, 0, 1]]], np.float32)
    image = Image.open(io.BytesIO(sheet_of_maps(tile))).convert("RGB")
    below, zero, above = (image.getpixel((x, 0)) for x in range(3))
    assert (below, zero) == ((213, 94, 0), (255, 255, 255))
    assert isinstance(above, tuple)
    assert above[2] > above[0] > 100, "half as far from zero is half as strong"
