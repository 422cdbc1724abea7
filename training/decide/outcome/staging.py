"""From answers to files that can be served: export, compare with the network, measure, stage."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from pydantic import BaseModel
from torch import nn

from artifact import latency
from artifact.datasets import DatasetDescription
from artifact.manifest import Manifest, Parity, Provenance, Role, RuntimeId
from artifact.manifest import Split as SplitSizes
from artifact.metrics import Metrics, SplitMetrics
from artifact.predictions import Predictions
from artifact.publish import fill, list_files, next_version, write_manifest
from artifact.repository import Artifact
from artifact.runtimes.onnx import OnnxRuntime
from artifact.statistics.option import Option, published_options
from training import outliers
from training.config import slug
from training.data import Images
from training.data.credits import CREDITS
from training.decide.arms.base import Arm, Learned, Logits, Task, network_logits
from training.decide.arms.linear import LEARNT_FROM_IMAGENET, Regression, run_in_batches, unit
from training.decide.collection.splits import Fold, Indices, tested
from training.decide.outcome.evidence import Evidence
from training.decide.results import Answers
from training.environment import describe_environment
from training.evaluation.evaluate import split_metrics
from training.export import parity
from training.export.files import to_onnx, to_torchscript
from training.export.quantization import describe_quantization, quantize
from training.export.sprites import publish_pictures
from training.figures import FigureInputs, draw_figures
from training.networks.filters import describe_filters
from vision.preprocess import tensor

_COMPARED: Final = 64  # pictures that the files are compared with the network on
_CALIBRATED: Final = 256  # pictures that give the ranges of 8-bit integers: 128 cost a point
_OUTLIERS: Final = ("noise", "textures", "shapes", "letters")  # that no one photographs or draws
_DRAWN: Final = 24  # of each kind
DRAWN: Final = "drawn pictures"  # all of those kinds, as one that counts like the next
HELD_OUT: Final = "held-out classes"  # a kind of outliers
_TWO: Final = 2  # classes: without one of them there is nothing to tell apart
_SHOWN: Final = 64  # pixels a side of the pictures in figures


@dataclass(frozen=True)
class Subject:
    """What every model of one command is of."""

    name: str  # of the data set
    labels: tuple[str, ...]
    task: Task
    folds: Sequence[Fold]  # how it was divided
    data_sha256: str  # of every picture with its label
    test_sha256: str  # of those that were asked about
    config: dict[str, object]  # of the command, for the manifest

    @property
    def tested(self) -> Indices:
        """The pictures that were asked about, in the order of every arm's answers."""
        return tested(self.folds)

    @property
    def learnt(self) -> Indices:
        """The pictures that a published model learns from: all where there are several folds."""
        return self.folds[0].train if len(self.folds) == 1 else self.tested

    def publish_test_pictures(self, models: Path) -> None:
        """Publish the pictures that were asked about beside the models, unless they are there."""
        about = DatasetDescription(
            title=self.name,
            data_sha256=self.data_sha256,
            test_sha256=self.test_sha256,
            labels=self.labels,
            true=tuple(self.task.targets[self.tested].tolist()),
            **vars(CREDITS["folder"]),
        )
        pixels = self.task.store.read(_SHOWN, self.tested)
        publish_pictures(models, slug(self.name), about, pixels)


@dataclass(frozen=True)
class Staged:
    """A model that could be published: its folder, and what can be chosen of it."""

    artifact: Artifact
    options: tuple[Option, ...]
    evidence: Evidence


def stage(
    subject: Subject, arm: Arm, learned: Learned, answers: Answers, folder: Path, root: Path
) -> Staged:
    """Fill a staged folder with everything that a published model has.

    Raises:
        ParityError: An exported file does not answer as the network does.
    """
    logits, places = answers.pooled(subject.folds)
    evidence = Evidence.of(logits, subject.task.targets[places], subject.labels)
    network = learned.network()
    files = _model_files(subject, arm, learned, network)
    rounded = _rounded_logits(subject, arm, learned, files.get("onnx-int8"))
    metrics = evidence.metrics(_on_learnt(subject, learned, evidence), rounded)
    if metrics.quantised is None:
        files.pop("onnx-int8", None)
    name = folder.parent.name
    shown = None if isinstance(learned, Regression) else network
    documents = _documents(subject, metrics, evidence, shown, name)
    for role, content in (*files.items(), *documents):
        fill(folder, role, content)
    made = Made(subject, arm, answers, learned, network, evidence)
    draft = write_manifest(folder, made.manifest(name, next_version(root, name), folder))
    proven = _parity(draft, subject, arm, network)
    benchmark = _benchmark(draft)
    fill(folder, "benchmark", benchmark)
    described = {"parity": proven, "files": list_files(folder)}
    final = write_manifest(folder, draft.manifest.model_copy(update=described))
    options = published_options(final.manifest, metrics, evidence.wrong, benchmark)
    return Staged(final, tuple(options), evidence)


def _model_files(
    subject: Subject, arm: Arm, learned: Learned, network: nn.Module
) -> dict[RuntimeId, bytes]:
    store = subject.task.store
    whole = learned.onnx() if isinstance(learned, Regression) else None
    files: dict[RuntimeId, bytes] = {
        "onnx": whole or to_onnx(network, (store.channels, arm.side, arm.side)),
        "torchscript": to_torchscript(network),
    }
    if _can_be_rounded(subject, learned):
        count = min(len(subject.learnt), _CALIBRATED)
        drawn = np.linspace(0, len(subject.learnt) - 1, count).astype(int)
        pixels = store.read(arm.side, subject.learnt[drawn])
        files["onnx-int8"] = quantize(files["onnx"], unit(pixels))
    return files


def _can_be_rounded(subject: Subject, learned: Learned) -> bool:
    """Whether 8-bit integers save anything, and their answers are known.

    Of a trained network they are where pictures are set aside: the networks of other folds, whose
    answers count, are gone by now. A regression has the same features in every fold.
    """
    if isinstance(learned, Regression):
        return learned.arm.features in LEARNT_FROM_IMAGENET
    return len(subject.folds) == 1


def _rounded_logits(
    subject: Subject, arm: Arm, learned: Learned, model: bytes | None
) -> Logits | None:
    """What the 8-bit file would have answered to `tested`; None where there is none."""
    if model is None:
        return None
    if not isinstance(learned, Regression):
        pixels = subject.task.store.read(arm.side, subject.tested)
        return run_in_batches(OnnxRuntime(model, subject.task.threads), [pixels])
    runtime = OnnxRuntime(features_of(model), subject.task.threads)
    features = run_in_batches(runtime, subject.task.store.chunks(learned.arm.side))
    regressions = (learned.arm.learn(subject.task, fold.train) for fold in subject.folds)
    pairs = zip(regressions, subject.folds, strict=True)
    logits = [one.of_features(features[fold.test]) for one, fold in pairs]
    order = np.argsort(np.concatenate([fold.test for fold in subject.folds]))
    ordered: Logits = np.concatenate(logits)[order]
    return ordered


def features_of(model: bytes) -> bytes:
    """The same ONNX file with the input of its last linear layer for an output."""
    loaded = onnx.load_from_string(model)
    head = next(node for node in reversed(loaded.graph.node) if node.op_type == "Gemm")
    del loaded.graph.output[:]
    loaded.graph.output.append(
        onnx.helper.make_tensor_value_info(head.input[0], onnx.TensorProto.FLOAT, None)
    )
    return bytes(loaded.SerializeToString())


def _on_learnt(subject: Subject, learned: Learned, evidence: Evidence) -> SplitMetrics:
    logits = learned.logits(subject.learnt) / evidence.temperature
    return split_metrics(logits, subject.task.targets[subject.learnt], subject.labels)


def _documents(
    subject: Subject, metrics: Metrics, evidence: Evidence, network: nn.Module | None, name: str
) -> Iterator[tuple[Role, bytes | BaseModel]]:
    """What is published beside a model; of a network without filters None."""
    pixels = subject.task.store.read(_SHOWN, subject.tested)
    examples = evidence.examples()
    yield "metrics", metrics
    yield "examples", examples
    yield "predictions", Predictions.of(subject.labels, evidence.targets, evidence.probabilities)
    if network is not None:
        yield "filters", describe_filters(network)
    inputs = FigureInputs(name, network, 0, metrics, examples, pixels)
    yield from draw_figures(inputs).items()


@dataclass(frozen=True)
class Made:
    """All that a manifest tells of a model."""

    subject: Subject
    arm: Arm
    answers: Answers
    learned: Learned
    network: nn.Module
    evidence: Evidence

    def manifest(self, name: str, version: int, folder: Path) -> Manifest:
        """The manifest of a staged folder, before its files are compared with the network."""
        task, files = self.subject.task, list_files(folder)
        calibration = describe_quantization(min(len(self.subject.learnt), _CALIBRATED))
        return Manifest(
            name=name,
            version=version,
            architecture=self.arm.describe(self.network, task.store),
            labels=self.subject.labels,
            input=task.store.input(self.arm.side),
            temperature=self.evidence.temperature,
            rejection=self.evidence.rejection(*self._outliers()),
            files=files,
            provenance=self._provenance(),
            parity=parity.NONE_YET,
            quantization=calibration if "onnx-int8" in files else None,
        )

    def _outliers(self) -> tuple[dict[str, Logits], dict[str, Logits]]:
        """What is made of pictures of no class that was learnt, by kind.

        Those that the threshold is chosen with, and those that it is judged with: drawn otherwise,
        and of other classes.
        """
        drawn = _drawn_outliers(self.subject, self.arm, self.network, "fitting")
        choosing = {DRAWN: np.concatenate(list(drawn.values()))}
        others = _drawn_outliers(self.subject, self.arm, self.network, "held-out")
        if isinstance(self.learned, Regression) and self.subject.task.classes > _TWO:
            held_out = self.learned.without_own_class(self.subject.folds[0])
            if len(held_out) >= _TWO:  # a test folder may hold one class alone
                choosing[HELD_OUT] = np.concatenate(held_out[::2])
                others[HELD_OUT] = np.concatenate(held_out[1::2])
        return choosing, others

    def _provenance(self) -> Provenance:
        subject, arm, epochs = self.subject, self.arm, self.learned.epochs
        environment = describe_environment(torch.device("cpu"))
        folds = len(subject.folds)
        return Provenance(
            commit=environment.commit,
            seed=subject.task.seed,
            config={**subject.config, "arm": arm.name, "side": arm.side, "epochs": epochs},
            dataset=subject.name,
            data_sha256=subject.data_sha256,
            split=SplitSizes(
                train=len(subject.learnt),
                validation=len(subject.tested),
                test=len(subject.tested),
                ratio=round(1 - len(subject.folds[0].test) / subject.task.store.count, 4),
                seed=subject.task.seed,
                test_sha256=subject.test_sha256,
                folds=folds if folds > 1 else None,
            ),
            epoch=max(1, epochs),
            libraries=environment.libraries,
            hardware=environment.hardware,
            seconds=sum(self.answers.seconds.values()),
        )


def _drawn_outliers(
    subject: Subject, arm: Arm, network: nn.Module, part: outliers.Part
) -> dict[str, Logits]:
    """What the network makes of drawn pictures of no class, by kind."""
    spec = subject.task.store.input(arm.side)
    logits: dict[str, Logits] = {}
    for kind in _OUTLIERS:
        drawn = outliers.views(kind, part, _DRAWN, subject.task.seed, spec)
        logits[kind] = network_logits(network, tensor(drawn, spec))
    return logits


def _parity(draft: Artifact, subject: Subject, arm: Arm, network: nn.Module) -> Parity:
    chosen = subject.tested[:: max(1, len(subject.tested) // _COMPARED)]
    pixels = subject.task.store.read(arm.side, chosen)
    images = Images(torch.from_numpy(pixels), torch.from_numpy(subject.task.targets[chosen]))
    expected = network_logits(network, unit(pixels))
    # A regression's logits are as large as its pictures are few: 32 bits are relative to that.
    tolerance = parity.TOLERANCE * max(1.0, float(np.abs(expected).max()))
    return parity.check(draft, images, expected, tolerance)


def _benchmark(draft: Artifact) -> latency.Benchmark:
    predictors = [draft.open(runtime) for runtime in draft.manifest.runtimes]
    return latency.measure(predictors, 1, batch_sizes=(1, 8), seconds=0.3)
