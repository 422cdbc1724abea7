from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from artifact.errors import BrokenArtifact, UnknownModel
from artifact.manifest import PATHS
from artifact.publish import list_files, write_manifest
from artifact.repository import Artifact
from service.loader import BrokenArtifacts, load_models
from service.settings import Settings
from tests.known_answer import publish_known_answer


def replace_model(artifact: Artifact, model: bytes) -> None:
    (artifact.folder / PATHS["onnx"]).write_bytes(model)
    files = {"files": list_files(artifact.folder)}
    write_manifest(artifact.folder, artifact.manifest.model_copy(update=files))


def flatten(shape: list[int | str], outputs: int) -> bytes:
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["pixels"], ["logits"])],
        "flatten",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [shape[0], outputs])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


@pytest.mark.parametrize(
    ("model", "reason"),
    [
        (flatten(["N", 1, 8, 8], 64), r"gives float32 \(1, 64\) for 1 pictures; for 4 labels"),
        (flatten(["N", 1, 4, 4], 16), r"does not take \(1, 1, 8, 8\)"),
        (flatten([1, 1, 2, 2], 4), r"does not take \(1, 1, 8, 8\)"),
    ],
    ids=["other-labels", "other-input", "frozen-batch"],
)
def test_model_that_does_not_fit_its_manifest_is_broken(
    tmp_path: Path, model: bytes, reason: str
) -> None:
    replace_model(publish_known_answer(tmp_path, runtimes=("onnx",)), model)
    with pytest.raises(BrokenArtifact, match=rf"known/1/model\.onnx {reason}"):
        load_models(Settings(models_dir=tmp_path), BrokenArtifacts(strict=True))


def test_document_that_says_something_else_is_broken(tmp_path: Path) -> None:
    artifact = publish_known_answer(tmp_path, runtimes=("onnx",))
    (artifact.folder / PATHS["metrics"]).write_text("{}")
    files = {"files": list_files(artifact.folder)}
    write_manifest(artifact.folder, artifact.manifest.model_copy(update=files))
    with pytest.raises(BrokenArtifact, match=r"known/1/metrics\.json is not understood"):
        load_models(Settings(models_dir=tmp_path), BrokenArtifacts(strict=True))


def test_empty_repository_has_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="holds no published model"):
        load_models(Settings(models_dir=tmp_path), BrokenArtifacts(strict=True))
