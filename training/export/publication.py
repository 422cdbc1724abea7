"""From a trained network to a published model: staged, compared, measured, then made visible."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel
from torch import nn

from artifact import latency, manifest
from artifact.datasets import DatasetDescription, StoredDataset
from artifact.manifest import File, Manifest, Provenance, Role
from artifact.manifest import Split as SplitSizes
from artifact.metrics import Quantised, Seeds
from artifact.publish import (
    check_publishable,
    fill,
    list_files,
    next_version,
    publish,
    staging,
    write_manifest,
)
from artifact.repository import Artifact, open_artifact
from artifact.runtimes.onnx import OnnxRuntime
from training.checkpoint import History
from training.config import RunConfig, slug
from training.data import Dataset, Images, Split
from training.data.identity import DataIdentity
from training.data.normalization import Normalization
from training.distillation import Teacher
from training.errors import OutputError
from training.evaluation.assessment import Assessment, predictions
from training.evaluation.flaws import refuse_flawed
from training.export import parity
from training.export.files import export
from training.export.quantization import assess_quantised, describe_quantization, quantize
from training.export.sprites import publish_pictures
from training.figures import FigureInputs, draw_figures
from training.networks.architectures import Architecture, count_macs, count_parameters
from training.networks.filters import describe_filters

PUBLISH_FLAWED: Final = "Publish the network even if something is wrong with it, marked as such."
_THREADS = 1  # the service's own default: what is measured is what is served


@dataclass(frozen=True)
class Candidate:
    """A trained network and all that is known of it, before it is published."""

    name: str  # to publish as
    architecture: Architecture
    network: nn.Module  # with its final weights, on the CPU
    dataset: Dataset  # whose test images it is compared on
    calibration: Images  # training images, which the ranges of the quantised file are chosen on
    normalization: Normalization
    assessment: Assessment
    provenance: Provenance  # where it comes from
    seeds: Seeds | None = None  # what other seeds gave; None where only one is known


def check_target(root: Path, name: str, data: DataIdentity, option: str = "--model-name") -> None:
    """Find out before training whether its result can be published under that name.

    Two data sets do not become two versions of one model.

    Args:
        root: The model repository.
        name: Of the model.
        data: What it is to learn from.
        option: What gives it another name.

    Raises:
        BrokenArtifact: The newest version of that name cannot be read.
        NotPublished: The folder cannot be written.
        OutputError: It learnt from other data.
    """
    check_publishable(root, name)
    if (newest := next_version(root, name) - 1) == 0:
        return
    artifact = open_artifact(root / name / str(newest))
    before = DataIdentity.recorded(artifact.manifest.provenance, artifact.manifest.labels)
    if changes := before.other_pictures(data):
        raise OutputError(
            f"{artifact} learnt from other data: from {before}, and this is {data}. "
            f"What differs: {changes}. Choose another {option}"
        )


def publish_candidate(
    candidate: Candidate, root: Path, *, publish_flawed: bool = False
) -> Artifact:
    """Publish the network as the next version of its name, or not at all.

    Raises:
        FlawedError: There are findings, and it was not said to publish all the same.
        ParityError: An exported file does not answer as the network does.
        BrokenArtifact: Another process has published that version meanwhile.
    """
    if not publish_flawed:
        refuse_flawed(candidate.assessment.findings, candidate.assessment.metrics.test)
    with staging(root, candidate.name) as folder:
        version = next_version(root, candidate.name)
        for role, content in model_files(candidate):
            fill(folder, role, content)
        draft = write_manifest(folder, describe(candidate, version, list_files(folder)))
        proven = parity.check(draft, candidate.dataset.test, candidate.assessment.test_logits)
        fill(folder, "benchmark", _benchmark(draft))
        known = {"parity": proven, "files": list_files(folder)}
        write_manifest(folder, draft.manifest.model_copy(update=known))
        published = publish(folder, root)
    publish_test_pictures(candidate.dataset, root)
    return published


def publish_test_pictures(dataset: Dataset, models: Path) -> StoredDataset:
    """Publish the test pictures beside the models, as `publish_pictures` does."""
    about = DatasetDescription(
        title=dataset.name,
        data_sha256=dataset.sha256,
        test_sha256=dataset.test_sha256,
        labels=dataset.labels,
        true=tuple(dataset.test.labels.tolist()),
        disputed=tuple(sorted(dataset.disputed)),
        **vars(dataset.credit),
    )
    return publish_pictures(models, slug(dataset.name), about, dataset.test.pixels.numpy())


def model_files(candidate: Candidate) -> Iterator[tuple[Role, bytes | BaseModel]]:
    """Every file of the published folder that rests on the network alone, by its role."""
    assessment, network, dataset = candidate.assessment, candidate.network, candidate.dataset
    exported = export(network, dataset.shape)
    exported["onnx-int8"] = quantize(exported["onnx"], _inputs(candidate, candidate.calibration))
    evidence = FigureInputs(
        name=candidate.name,
        network=network,
        epoch=candidate.provenance.epoch,
        metrics=assessment.metrics,
        examples=assessment.examples,
        pixels=dataset.test.pixels.numpy(),
    )
    yield from exported.items()
    yield from draw_figures(evidence).items()
    known = {"quantised": _quantised(candidate, exported["onnx-int8"]), "seeds": candidate.seeds}
    yield "metrics", assessment.metrics.model_copy(update=known)
    yield "examples", assessment.examples
    yield "predictions", predictions(dataset, assessment.test_logits, assessment.temperature)
    yield "filters", describe_filters(network)


def describe(candidate: Candidate, version: int, files: dict[Role, File]) -> Manifest:
    """The manifest of a staged folder, before its files are compared with the network."""
    return Manifest(
        name=candidate.name,
        version=version,
        architecture=describe_architecture(candidate),
        labels=candidate.dataset.labels,
        input=candidate.dataset.input(candidate.normalization.mean, candidate.normalization.std),
        temperature=candidate.assessment.temperature,
        rejection=candidate.assessment.rejection,
        files=files,
        provenance=candidate.provenance,
        parity=parity.NONE_YET,
        quantization=describe_quantization(len(candidate.calibration)),
        findings=candidate.assessment.findings,
    )


def _quantised(candidate: Candidate, model: bytes) -> Quantised:
    test, assessment = candidate.dataset.test, candidate.assessment
    return assess_quantised(
        OnnxRuntime(model).run(_inputs(candidate, test)),
        assessment.test_logits,
        test.truth,
        candidate.dataset.labels,
        assessment.temperature,
    )


def _inputs(candidate: Candidate, images: Images) -> NDArray[np.float32]:
    inputs: NDArray[np.float32] = candidate.normalization.inputs(images.pixels).numpy()
    return inputs


def describe_architecture(candidate: Candidate) -> manifest.Blocks:
    """The network's shape and cost."""
    return manifest.Blocks(
        **asdict(candidate.architecture),
        parameters=count_parameters(candidate.network),
        macs=count_macs(candidate.network, candidate.dataset.shape),
    )


def _benchmark(artifact: Artifact) -> latency.Benchmark:
    predictors = [artifact.open(runtime, _THREADS) for runtime in artifact.manifest.runtimes]
    return latency.measure(predictors, _THREADS)


def describe_provenance(
    config: RunConfig, split: Split, history: History, teacher: Teacher | None = None
) -> Provenance:
    """Everything that is needed to make the same weights again."""
    return Provenance(
        seed=config.seed,
        config=config.model_dump(mode="json"),
        dataset=split.data.dataset,
        data_sha256=split.data.sha256,
        split=SplitSizes(
            train=len(split.train),
            validation=len(split.validation),
            test=len(split.test),
            ratio=split.data.train_ratio,
            seed=split.data.seed,
            test_sha256=split.data.test_sha256,
        ),
        epoch=history.best.epoch,
        teacher=teacher.described if teacher else None,
        seconds=history.seconds,
        **history.environment.model_dump(),
    )
