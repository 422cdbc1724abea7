"""From a trained network to a published model: staged, compared, measured, then made visible."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel
from torch import nn

from artifact import latency, manifest
from artifact.manifest import PATHS, Input, Manifest, Parity, Provenance, Role
from artifact.publish import list_files, next_version, publish, staging, write_manifest
from artifact.repository import Artifact
from training import parity
from training.architectures import Architecture, count_macs, count_parameters
from training.assessment import Assessment
from training.data import Dataset
from training.export import export
from training.figures import Evidence, draw_figures
from training.filters import describe_filters
from training.normalization import Normalization

_THREADS = 1  # the service's own default: what is measured is what is served


@dataclass(frozen=True)
class Candidate:
    """A trained network and all that is known of it, before anybody may use it.

    Attributes:
        name: To publish as.
        architecture: Of the network.
        network: With its final weights, on the CPU.
        dataset: Whose test images it is compared on.
        normalization: Of its input.
        assessment: How good it is.
        provenance: Where it comes from.
    """

    name: str
    architecture: Architecture
    network: nn.Module
    dataset: Dataset
    normalization: Normalization
    assessment: Assessment
    provenance: Provenance


def publish_candidate(candidate: Candidate, root: Path) -> Artifact:
    """Publish the network as the next version of its name, or not at all.

    Args:
        candidate: What to publish.
        root: The model repository.

    Raises:
        ParityError: An exported file does not answer as the network does.
        BrokenArtifact: Somebody else has published that version meanwhile.
    """
    with staging(root, candidate.name) as folder:
        version = next_version(root, candidate.name)
        for role, content in model_files(candidate):
            _write(folder, role, content)
        draft = write_manifest(folder, describe(candidate, version, folder, parity.NONE_YET))
        proven = parity.check(draft, candidate.dataset.test, candidate.assessment.test_logits)
        _write(folder, "benchmark", _json(_benchmark(draft)))
        write_manifest(folder, describe(candidate, version, folder, proven))
        return publish(folder, root)


def model_files(candidate: Candidate) -> Iterator[tuple[Role, bytes]]:
    """Every file of the published folder that rests on the network alone, by its role."""
    assessment, network = candidate.assessment, candidate.network
    evidence = Evidence(
        name=candidate.name,
        network=network,
        epoch=candidate.provenance.epoch,
        metrics=assessment.metrics,
        examples=assessment.examples,
        pixels=candidate.dataset.test.pixels.numpy(),
    )
    yield from export(network, candidate.dataset.shape).items()
    yield from draw_figures(evidence).items()
    yield "metrics", _json(assessment.metrics)
    yield "examples", _json(assessment.examples)
    yield "filters", _json(describe_filters(network))


def describe(candidate: Candidate, version: int, folder: Path, proven: Parity) -> Manifest:
    """The manifest of a staged folder."""
    return Manifest(
        name=candidate.name,
        version=version,
        architecture=_architecture(candidate),
        labels=candidate.dataset.labels,
        input=describe_input(candidate.dataset, candidate.normalization),
        temperature=candidate.assessment.temperature,
        rejection=candidate.assessment.rejection,
        files=list_files(folder),
        provenance=candidate.provenance,
        parity=proven,
    )


def _architecture(candidate: Candidate) -> manifest.Architecture:
    return manifest.Architecture(
        blocks=candidate.architecture.blocks,
        stem=candidate.architecture.stem,
        widths=candidate.architecture.widths,
        strides=candidate.architecture.strides,
        parameters=count_parameters(candidate.network),
        macs=count_macs(candidate.network, candidate.dataset.shape),
    )


def describe_input(dataset: Dataset, normalization: Normalization) -> Input:
    """What a network that learnt from this data set takes."""
    return Input(
        shape=dataset.shape,
        mode="L" if dataset.shape[0] == 1 else "RGB",
        mean=normalization.mean,
        std=normalization.std,
        preprocess=dataset.preprocess,
    )


def _benchmark(artifact: Artifact) -> latency.Benchmark:
    predictors = [artifact.open(runtime, _THREADS) for runtime in artifact.manifest.runtimes]
    return latency.measure(predictors, _THREADS)


def _write(folder: Path, role: Role, content: bytes) -> None:
    path = folder / PATHS[role]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def _json(document: BaseModel) -> bytes:
    return document.model_dump_json(indent=2).encode() + b"\n"
