from pathlib import Path

import pytest
from onnx import helper

from artifact.errors import BrokenArtifact, UnknownModel
from artifact.manifest import RuntimeId
from service.loader import BrokenArtifacts, load_models
from service.settings import Settings
from tests.known_answer import publish_known_answer, replace_files
from tests.onnx_files import onnx_file


def flatten(shape: list[int | str], outputs: int) -> bytes:
    node = helper.make_node("Flatten", ["pixels"], ["logits"])
    return onnx_file([node], ("pixels", shape), ("logits", [shape[0], outputs]))


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
    replace_files(publish_known_answer(tmp_path, runtimes=("onnx",)), onnx=model)
    with pytest.raises(BrokenArtifact, match=rf"known/1/model\.onnx {reason}"):
        load_models(Settings(models_dir=tmp_path), BrokenArtifacts(strict=True))


def test_document_that_says_something_else_is_broken(tmp_path: Path) -> None:
    replace_files(publish_known_answer(tmp_path, runtimes=("onnx",)), metrics=b"{}")
    with pytest.raises(BrokenArtifact, match=r"known/1/metrics\.json is not understood"):
        load_models(Settings(models_dir=tmp_path), BrokenArtifacts(strict=True))


@pytest.mark.parametrize("runtimes", [("onnx", "torchscript"), ("torchscript", "onnx")])
def test_first_runtime_of_the_settings_answers_where_none_is_asked_for(
    tmp_path: Path, runtimes: tuple[RuntimeId, ...]
) -> None:
    publish_known_answer(tmp_path, runtimes=("onnx", "torchscript"))
    settings = Settings(models_dir=tmp_path, runtimes=runtimes)
    models = load_models(settings, BrokenArtifacts(strict=True))
    assert models.get("known").predictor().runtime_id == runtimes[0]


def test_empty_repository_has_nothing_to_serve(tmp_path: Path) -> None:
    with pytest.raises(UnknownModel, match="holds no published model"):
        load_models(Settings(models_dir=tmp_path), BrokenArtifacts(strict=True))
