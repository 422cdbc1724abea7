import json
from typing import Any

import pytest
from pydantic import ValidationError

from artifact.manifest import PATHS, Blocks, Library, Linear, Manifest
from vision.input import Input

MANIFEST: dict[str, Any] = {
    "schema_version": 1,
    "name": "conv1-mobile3",
    "version": 3,
    "architecture": {
        "blocks": ["conv"],
        "stem": 16,
        "widths": [32],
        "strides": [2],
        "parameters": 100,
        "macs": 1000,
    },
    "labels": ["0", "1"],
    "input": {
        "shape": [1, 28, 28],
        "mode": "L",
        "mean": [0.1],
        "std": [0.3],
        "preprocess": "digit",
    },
    "temperature": 1.5,
    "rejection": None,
    "files": {
        "torchscript": {"path": "model.torchscript.pt", "sha256": "a" * 64, "bytes": 3},
        "onnx": {"path": "model.onnx", "sha256": "b" * 64, "bytes": 2},
    },
    "provenance": {
        "commit": None,
        "seed": 0,
        "config": {},
        "dataset": "mnist",
        "split": {"train": 8, "validation": 2, "test": 1, "ratio": 0.8, "seed": 0},
        "epoch": 1,
        "libraries": {},
        "hardware": "a machine",
        "seconds": 1.0,
    },
    "parity": {"images": 10, "max_abs_diff": {"onnx": 1e-6}, "tolerance": 1e-4},
}


def changed(path: str, value: object) -> str:
    document = json.loads(json.dumps(MANIFEST))
    *parents, last = (int(key) if key.isdecimal() else key for key in path.split("/"))
    part = document
    for key in parents:
        part = part[key]
    part[last] = value
    return json.dumps(document)


def test_manifest_survives_a_round_trip() -> None:
    manifest = Manifest.model_validate_json(json.dumps(MANIFEST))
    assert Manifest.model_validate_json(manifest.model_dump_json()) == manifest


def test_onnx_is_the_default_runtime_whatever_the_order_of_files() -> None:
    manifest = Manifest.model_validate_json(json.dumps(MANIFEST))
    assert manifest.runtimes == ("onnx", "torchscript")


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [
        ({}, Blocks),
        ({"kind": "blocks"}, Blocks),
        ({"kind": "linear", "features": "pixels", "width": 256}, Linear),
        ({"kind": "library", "network": "mobilenet_v3_small"}, Library),
    ],
    ids=["published-before-kinds", "blocks", "linear", "library"],
)
def test_architecture_is_told_by_its_kind(architecture: dict[str, Any], kind: type) -> None:
    cost = {"parameters": 100, "macs": 1000}
    told = MANIFEST["architecture"] if kind is Blocks else {}
    read = Manifest.model_validate_json(changed("architecture", {**told, **cost, **architecture}))
    assert isinstance(read.architecture, kind)
    assert Manifest.model_validate_json(read.model_dump_json()) == read


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("architecture/kind", "transformer"),
        ("architecture/features", "pixels"),
        ("surprise", 1),
        ("input/surprise", 1),
        ("schema_version", 2),
        ("name", "../conv"),
        ("name", "Conv"),
        ("name", ""),
        ("version", 0),
        ("version", "latest"),
        ("labels", ["only"]),
        ("temperature", 0),
        ("files/figures", {"path": "x.png", "sha256": "a" * 64, "bytes": 1}),
        ("files/onnx/path", "../secret"),
        ("files/onnx/path", "/etc/passwd"),
        ("files/onnx/path", "figures//x"),
        ("files/onnx/path", "model.torchscript.pt"),
        ("files/onnx/path", "figures/curves.png"),
        ("files/curves", {"path": "model.onnx", "sha256": "a" * 64, "bytes": 1}),
        ("files/onnx/sha256", "short"),
        ("files/onnx/bytes", -1),
        ("files/onnx/bytes", 2**31),
        ("version", 10**9),
        ("labels", ["0", "0"]),
        ("labels", ["0", ""]),
        ("labels", ["0", "1" * 256]),
        ("labels", ["0", "a\r\nX: y"]),
        ("labels", [str(label) for label in range(100_001)]),
        ("provenance/config/nested", {"deep": [[float("nan")]]}),
        ("rejection", {"score": "energy", "threshold": float("nan"), "accepted": 1}),
        ("temperature", 1e-38),
        ("temperature", 1e300),
        ("temperature", -1),
        ("input/std", [0]),
        ("input/std", [1e-9]),
        ("input/std", [-0.3]),
        ("input/mean", [1e30]),
        ("input/shape", [1, 28, 10**9]),
        ("input/shape", [1, 0, 28]),
        ("architecture/macs", 10**30),
        ("architecture/macs", 0),
        ("architecture/parameters", 2**53 + 1),
        ("architecture/widths", [0]),
        ("architecture/strides", [10**30]),
    ],
    ids=str,
)
def test_manifest_that_breaks_the_contract_is_refused(path: str, value: object) -> None:
    with pytest.raises(ValidationError):
        Manifest.model_validate_json(changed(path, value))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
@pytest.mark.parametrize(
    "path",
    [
        "temperature",
        "input/mean/0",
        "input/std/0",
        "provenance/seconds",
        "provenance/split/ratio",
        "parity/tolerance",
        "provenance/config/learning_rate",
        "provenance/config/nested",
    ],
)
def test_number_that_is_not_finite_is_refused(path: str, number: str) -> None:
    text = changed(path, "number").replace('"number"', number)
    with pytest.raises(ValidationError):
        Manifest.model_validate_json(text)


def test_input_whose_channels_disagree_is_refused_with_the_counts() -> None:
    with pytest.raises(ValidationError, match=r"mode L has 1 channels, but .* have 3, 1 and 1"):
        Input(shape=(3, 28, 28), mode="L", mean=(0,), std=(1,), preprocess="resize")


def test_every_role_has_a_path_of_its_own() -> None:
    assert len(set(PATHS.values())) == len(PATHS)
    assert PATHS["curves"] == "figures/curves.png"
    assert PATHS["metrics"] == "metrics.json"
