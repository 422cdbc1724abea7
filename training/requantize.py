"""An onnx-int8 file for a model that was published without one, as its next version."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from artifact import latency
from artifact.manifest import Input, Manifest, Parity
from artifact.metrics import Metrics
from artifact.publish import fill, list_files, next_version, publish, staging, write_manifest
from artifact.repository import Artifact, Repository
from training import data, parity
from training.assessment import truth
from training.config import RunConfig
from training.data import Images, Split
from training.errors import DatasetError
from training.normalization import Normalization
from training.provenance import digest
from training.quantization import (
    CALIBRATION_IMAGES,
    assess_quantised,
    describe_quantization,
    quantize,
    run_model,
)

_THREADS = 1  # the service's own default: what is measured is what is served

Logits = NDArray[np.float32]


class QuantizeConfig(BaseModel):
    """Where a published model and the images that it learnt from lie."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(Path("data"), description="Holds the data set that the model learnt.")
    models_dir: Path = Field(Path("models"), description="The model repository.")


@dataclass(frozen=True)
class _Quantised:
    """What is added to a published model.

    Attributes:
        model: The onnx-int8 file.
        images: That its ranges were chosen on.
        metrics: With those of the file.
        exact: Logits of the test images by the onnx file.
    """

    model: bytes
    images: int
    metrics: Metrics
    exact: Logits


def quantize_published(name: str, config: QuantizeConfig) -> Artifact:
    """Publish the next version of a model: its files as they are, and an onnx-int8 file.

    Args:
        name: Of the model; its highest version is taken.
        config: Where it and its data set lie.

    Raises:
        BrokenArtifact: The model is not what its manifest says, or has no onnx file.
        DatasetError: The data set is missing, or is not the one that the model learnt.
        ParityError: The onnx-int8 file does not answer as the onnx file does.
        UnknownModel: There is no such model.
    """
    artifact = Repository.scan(config.models_dir).get(name)
    split = _split_of(artifact.manifest, config.data_dir)
    return _publish(artifact, _quantise(artifact, split), split.test, config.models_dir)


def _split_of(manifest: Manifest, data_dir: Path) -> Split:
    """The images as the run divided them."""
    told = manifest.provenance.split
    config = RunConfig.model_validate(manifest.provenance.config)
    dataset = data.load(config.dataset, data_dir, config.side, config.mode)
    split = data.split(dataset, told.ratio, told.seed)
    sizes = (len(split.train), len(split.validation), len(split.test))
    found = told.test_sha256 and digest(split.test)
    if sizes != (told.train, told.validation, told.test) or found != told.test_sha256:
        raise DatasetError(
            f"{config.dataset} in the data directory, with {sizes[0]}, {sizes[1]} and {sizes[2]} "
            f"images, is not what {manifest.name} learnt: that has {told.train}, "
            f"{told.validation} and {told.test}"
        )
    return split


def _quantise(artifact: Artifact, split: Split) -> _Quantised:
    manifest, exact = artifact.manifest, artifact.read("onnx")
    calibration = data.sample(split.train, CALIBRATION_IMAGES)
    model = quantize(exact, _inputs(manifest.input, calibration))
    test = _inputs(manifest.input, split.test)
    exact_logits = run_model(exact, test)
    measured = assess_quantised(
        run_model(model, test),
        exact_logits,
        truth(split.test),
        manifest.labels,
        manifest.temperature,
    )
    metrics = artifact.document("metrics", Metrics).model_copy(update={"quantised": measured})
    return _Quantised(model, len(calibration), metrics, exact_logits)


def _publish(artifact: Artifact, quantised: _Quantised, test: Images, root: Path) -> Artifact:
    with staging(root, artifact.manifest.name) as folder:
        for role in artifact.manifest.files:
            fill(folder, role, artifact.read(role))
        fill(folder, "onnx-int8", quantised.model)
        fill(folder, "metrics", quantised.metrics)
        described = artifact.manifest.model_copy(
            update={
                "version": next_version(root, artifact.manifest.name),
                "quantization": describe_quantization(quantised.images),
            }
        )
        draft = _describe(folder, described)
        proven = parity.check(draft, test, quantised.exact)
        predictors = [draft.open(runtime, _THREADS) for runtime in draft.manifest.runtimes]
        fill(folder, "benchmark", latency.measure(predictors, _THREADS))
        _describe(folder, described, parity=_joined(described.parity, proven))
        return publish(folder, root)


def _describe(folder: Path, manifest: Manifest, **changes: Any) -> Artifact:
    files = list_files(folder)
    return write_manifest(folder, manifest.model_copy(update={"files": files, **changes}))


def _joined(published: Parity, proven: Parity) -> Parity:
    """What was measured against the network itself stays; of the new file, against the onnx one."""
    return published.model_copy(
        update={
            "max_abs_diff": {**proven.max_abs_diff, **published.max_abs_diff},
            "agreement": proven.agreement,
        }
    )


def _inputs(wanted: Input, images: Images) -> NDArray[np.float32]:
    scaling = Normalization(wanted.mean, wanted.std)
    inputs: NDArray[np.float32] = scaling.inputs(images.pixels).numpy()
    return inputs
