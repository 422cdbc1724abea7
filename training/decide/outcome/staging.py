"""From answers to files that can be served: export, compare with the network, measure, stage."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from pydantic import BaseModel, JsonValue
from torch import nn

from artifact import latency
from artifact.datasets import DatasetDescription
from artifact.manifest import Cost, File, Manifest, Parity, Provenance, Role, RuntimeId
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
from training.decide.arms.base import Logits, Task, network_logits
from training.decide.arms.features import LEARNT_FROM_IMAGENET
from training.decide.arms.linear import Regression, run_in_batches
from training.decide.arms.trained import TrainedArm
from training.decide.collection.check import Collection
from training.decide.collection.store import unit
from training.decide.outcome.evidence import Evidence
from training.decide.results import Answers
from training.decide.roster import Learned
from training.environment import describe_environment
from training.evaluation.evaluate import split_metrics
from training.export import parity
from training.export.files import to_torchscript
from training.export.quantization import describe_quantization, quantize
from training.export.sprites import publish_pictures
from training.figures import FigureInputs, draw_figures
from training.networks.architectures import count_macs, count_parameters
from training.networks.filters import describe_filters
from vision.preprocess import tensor

_COMPARED: Final = 64  # pictures that the files are compared with the network on
_CALIBRATED: Final = 256  # pictures that give the ranges of 8-bit integers: 128 cost a point
_OUTLIERS: Final = ("noise", "textures", "shapes", "letters")  # that no one photographs or draws
_DRAWN: Final = 24  # of each kind
DRAWN: Final = "drawn pictures"  # all of those kinds, as one that counts like the next
HELD_OUT: Final = "held-out classes"  # a kind of outliers
_SHOWN: Final = 64  # pixels a side of the pictures in figures


@dataclass(frozen=True)
class Subject:
    """What every model of one command is of."""

    name: str  # of the data set
    collection: Collection  # its pictures
    task: Task  # what is learnt of them
    config: dict[str, JsonValue]  # of the command, for the manifest
    folder: Path  # where everything that is known of it lies

    @property
    def test_sha256(self) -> str:
        """Digest of the pictures that were asked about, with their labels."""
        return self.collection.digest(self.task.tested)

    def publish_test_pictures(self, models: Path) -> None:
        """Publish the pictures that were asked about beside the models, unless they are there."""
        task = self.task
        about = DatasetDescription(
            title=self.name,
            data_sha256=self.collection.sha256,
            test_sha256=self.test_sha256,
            labels=task.labels,
            true=tuple(task.targets[task.tested].tolist()),
            **vars(CREDITS["folder"]),
        )
        publish_pictures(models, slug(self.name), about, task.store.read(_SHOWN, task.tested))


@dataclass(frozen=True)
class Staged:
    """A model that could be published: its folder, and what can be chosen of it."""

    artifact: Artifact
    options: tuple[Option, ...]
    evidence: Evidence


def stage(subject: Subject, learned: Learned, answers: Answers, folder: Path, root: Path) -> Staged:
    """Fill a staged folder with everything that a published model has.

    Raises:
        ParityError: An exported file does not answer as the network does.
    """
    evidence = Evidence.of(answers)
    made = _Made(folder.parent.name, subject, learned, learned.network, evidence)
    files = made.files()
    metrics = evidence.metrics(made.on_learnt(), made.rounded_logits(files.get("onnx-int8")))
    if metrics.quantised is None:
        files.pop("onnx-int8", None)
    for role, content in (*files.items(), *made.documents(metrics)):
        fill(folder, role, content)
    version, seconds = next_version(root, made.name), sum(answers.seconds)
    draft = write_manifest(folder, made.manifest(version, list_files(folder), seconds))
    proven = made.parity(draft)
    benchmark = _benchmark(draft)
    fill(folder, "benchmark", benchmark)
    described = {"parity": proven, "files": list_files(folder)}
    final = write_manifest(folder, draft.manifest.model_copy(update=described))
    options = published_options(final.manifest, metrics, evidence.wrong, benchmark)
    return Staged(final, tuple(options), evidence)


@dataclass(frozen=True)
class _Made:
    """A model before it is published, and all that is known of it."""

    name: str  # to publish as
    subject: Subject
    learned: Learned  # of what a published model learns from
    network: nn.Module  # the whole of it
    evidence: Evidence

    @property
    def _task(self) -> Task:
        return self.subject.task

    def files(self) -> dict[RuntimeId, bytes]:
        """Its file for each runtime."""
        files: dict[RuntimeId, bytes] = {
            "onnx": self.learned.onnx(),
            "torchscript": to_torchscript(self.network),
        }
        if self._can_be_rounded():
            learnt = self._task.learnt
            drawn = np.linspace(0, len(learnt) - 1, self._calibrated).astype(int)
            pixels = self._task.store.unit(self.learned.arm.side, learnt[drawn])
            files["onnx-int8"] = quantize(files["onnx"], pixels)
        return files

    @property
    def _calibrated(self) -> int:
        """Pictures that give the ranges of 8-bit integers."""
        return min(len(self._task.learnt), _CALIBRATED)

    def _can_be_rounded(self) -> bool:
        """Whether 8-bit integers save anything, and their answers are known.

        Of a trained network they are where pictures are set aside: the networks of other folds,
        whose answers count, are gone by now. A regression has the same features in every fold.
        """
        if isinstance(self.learned, Regression):
            return self.learned.arm.features in LEARNT_FROM_IMAGENET
        return len(self._task.folds) == 1

    def rounded_logits(self, model: bytes | None) -> Logits | None:
        """What the 8-bit file would have answered to `tested`; None where there is none."""
        if model is None:
            return None
        task, arm = self._task, self.learned.arm
        if isinstance(arm, TrainedArm):
            pixels = task.store.read(arm.side, task.tested)
            return run_in_batches(OnnxRuntime(model, task.threads), [pixels])
        runtime = OnnxRuntime(features_of(model), task.threads)
        features = run_in_batches(runtime, task.store.chunks(arm.side))
        logits = [
            arm.learn(task, fold.train).of_features(features[fold.test]) for fold in task.folds
        ]
        return Answers(arm.name, task, logits=logits).pooled[0]

    def on_learnt(self) -> SplitMetrics:
        """How it does on the pictures that it learnt from."""
        learnt = self._task.learnt
        logits = self.learned.logits(learnt) / self.evidence.temperature
        return split_metrics(logits, self._task.targets[learnt], self._task.labels)

    def documents(self, metrics: Metrics) -> Iterator[tuple[Role, bytes | BaseModel]]:
        """What is published beside the files; a regression has no filters to show."""
        network = None if isinstance(self.learned, Regression) else self.network
        evidence, examples = self.evidence, self.evidence.examples()
        yield "metrics", metrics
        yield "examples", examples
        answers = Predictions.of(evidence.labels, evidence.targets, evidence.probabilities)
        yield "predictions", answers
        if network is not None:
            yield "filters", describe_filters(network)
        pixels = self._task.store.read(_SHOWN, self._task.tested)
        inputs = FigureInputs(self.name, network, 0, metrics, examples, pixels)
        yield from draw_figures(inputs).items()

    def manifest(self, version: int, files: dict[Role, File], seconds: float) -> Manifest:
        """The manifest, before the files are compared with the network."""
        task, arm = self._task, self.learned.arm
        spec, calibration = task.store.input(arm.side), describe_quantization(self._calibrated)
        cost = Cost(
            parameters=count_parameters(self.network), macs=count_macs(self.network, spec.shape)
        )
        return Manifest(
            name=self.name,
            version=version,
            architecture=arm.describe(self.network, cost),
            labels=task.labels,
            input=spec,
            temperature=self.evidence.temperature,
            rejection=self.evidence.rejection(*self._outliers()),
            files=files,
            provenance=self._provenance(seconds),
            parity=parity.NONE_YET,
            quantization=calibration if "onnx-int8" in files else None,
        )

    def _outliers(self) -> tuple[dict[str, Logits], dict[str, Logits]]:
        """What is made of pictures of no class that was learnt, by kind.

        Those that the threshold is chosen with, and those that it is judged with: drawn otherwise,
        and of other classes.
        """
        drawn = self._drawn_outliers("fitting")
        choosing = {DRAWN: np.concatenate(list(drawn.values()))}
        others = self._drawn_outliers("held-out")
        # Of two classes, without one of them there is nothing to tell apart.
        if isinstance(self.learned, Regression) and self._task.classes > 2:
            held_out = self.learned.without_own_class(self._task.folds[0])
            if len(held_out) > 1:  # a test folder may hold one class alone
                choosing[HELD_OUT] = np.concatenate(held_out[::2])
                others[HELD_OUT] = np.concatenate(held_out[1::2])
        return choosing, others

    def _drawn_outliers(self, part: outliers.Part) -> dict[str, Logits]:
        """What the network makes of drawn pictures of no class, by kind."""
        spec, seed = self._task.store.input(self.learned.arm.side), self._task.seed
        views = {kind: outliers.views(kind, part, _DRAWN, seed, spec) for kind in _OUTLIERS}
        return {kind: network_logits(self.network, tensor(v, spec)) for kind, v in views.items()}

    def _provenance(self, seconds: float) -> Provenance:
        subject, task, epochs = self.subject, self._task, self.learned.epochs
        arm, folds = self.learned.arm, len(task.folds)
        environment = describe_environment(torch.device("cpu"))
        return Provenance(
            commit=environment.commit,
            seed=task.seed,
            config={**subject.config, "arm": arm.name, "side": arm.side, "epochs": epochs},
            dataset=subject.name,
            data_sha256=subject.collection.sha256,
            split=SplitSizes(
                train=len(task.learnt),
                validation=len(task.tested),
                test=len(task.tested),
                ratio=round(1 - len(task.folds[0].test) / task.store.count, 4),
                seed=task.seed,
                test_sha256=subject.test_sha256,
                folds=folds if folds > 1 else None,
            ),
            epoch=max(1, epochs),
            libraries=environment.libraries,
            hardware=environment.hardware,
            seconds=seconds,
        )

    def parity(self, draft: Artifact) -> Parity:
        """How far the files' answers are from the network's."""
        task, tested = self._task, self._task.tested
        chosen = tested[:: max(1, len(tested) // _COMPARED)]
        pixels = task.store.read(self.learned.arm.side, chosen)
        images = Images(torch.from_numpy(pixels), torch.from_numpy(task.targets[chosen]))
        expected = network_logits(self.network, unit(pixels))
        # A regression's logits are as large as its pictures are few: 32 bits are relative to that.
        tolerance = parity.TOLERANCE * max(1.0, float(np.abs(expected).max()))
        return parity.check(draft, images, expected, tolerance)


def features_of(model: bytes) -> bytes:
    """The same ONNX file with the input of its last linear layer for an output."""
    loaded = onnx.load_from_string(model)
    head = next(node for node in reversed(loaded.graph.node) if node.op_type == "Gemm")
    del loaded.graph.output[:]
    loaded.graph.output.append(
        onnx.helper.make_tensor_value_info(head.input[0], onnx.TensorProto.FLOAT, None)
    )
    return bytes(loaded.SerializeToString())


def _benchmark(draft: Artifact) -> latency.Benchmark:
    predictors = [draft.open(runtime) for runtime in draft.manifest.runtimes]
    return latency.measure(predictors, 1, batch_sizes=(1, 8), seconds=0.3)
