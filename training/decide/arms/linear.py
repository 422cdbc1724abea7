"""Linear arms: features that are computed once, and a logistic regression on them."""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, sqrt
from pathlib import Path
from time import perf_counter
from typing import Final
from warnings import catch_warnings, simplefilter

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import helper, numpy_helper
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits
from torch import nn

from artifact.files import replacing
from artifact.manifest import Cost, Linear
from artifact.runtimes.onnx import OnnxRuntime
from training.decide.arms.base import RECIPE, Logits, Task
from training.decide.arms.features import FEATURES, FeatureName
from training.decide.collection.splits import Fold, Indices
from training.decide.collection.store import Store, unit
from training.export.files import OUTPUT, to_onnx

Features = NDArray[np.float32]

_MANY: Final = 3_000  # pictures: the strength is chosen on that many
_HELD_OUT: Final = 8  # groups of classes, at most, to see what becomes of pictures of others
_TWINS: Final = 4_000  # pictures: of more, those that are mirrored too teach little
_BATCH: Final = 32  # pictures: the maps of more take memory, and no less time
_VIEWS: Final = 2  # of every picture: as it is, and mirrored
_FIT: Final = 1e-4  # seconds of a fit, for each picture and class
_ITERATIONS: Final = 200
_NEVER: Final = -1e4  # logit of a class that no picture was learnt of


@dataclass(frozen=True)
class LinearArm:
    """A logistic regression on features."""

    name: str
    features: FeatureName
    side: int  # of the pictures that they are computed of
    strength: float  # usual inverse of the penalty, on standardised features

    def learn(self, task: Task, train: Indices, seconds: float = inf) -> "Regression":  # noqa: ARG002 - it cannot be cut short
        """Fit a regression on those pictures, mirrored too where that does no harm."""
        twins = (False, True) if task.mirror and len(train) <= _TWINS else (False,)
        views = np.stack([self.of_all(task, mirrored=mirrored)[train] for mirrored in twins])
        strength = choose_strength(views[0], task.targets[train], self.strength, task.seed)
        return Regression(self, task, *fit(views, task.targets[train], task.classes, strength))

    def seconds(self, task: Task) -> float:
        """Estimated, of every fold; features of a few pictures are timed where none are kept."""
        fits = _FIT * task.classes * sum(len(fold.train) for fold in task.folds)
        if self._kept(task.store).exists():
            return fits
        runtime = self._runtime(task)
        sample = task.store.unit(self.side, np.arange(min(_BATCH, task.store.count)))
        runtime.run(sample)
        began = perf_counter()
        runtime.run(sample)
        return fits + (perf_counter() - began) / len(sample) * task.store.count * _VIEWS

    def _kept(self, store: Store, *, mirrored: bool = False) -> Path:
        way = "-mirrored" if mirrored else ""
        return store.folder / f"features-{self.features}-{self.side}{way}-{RECIPE}.npy"

    def of_all(self, task: Task, *, mirrored: bool = False) -> Features:
        """Features of every picture, [N, D]; computed once, and then read where they are needed."""
        kept = self._kept(task.store, mirrored=mirrored)
        if not kept.exists():
            chunks = (
                chunk[..., :: -1 if mirrored else 1] for chunk in task.store.chunks(self.side)
            )
            features = run_in_batches(self._runtime(task), chunks)
            with replacing(kept) as file:
                np.save(file, features)
        loaded: Features = np.load(kept, mmap_mode="r")
        return loaded

    def of_some(self, task: Task, indices: Indices, *, mirrored: bool = False) -> Features:
        """Features of those pictures, [n, D]; not kept."""
        pixels = task.store.read(self.side, indices)[..., :: -1 if mirrored else 1]
        return run_in_batches(self._runtime(task), [pixels])

    def _runtime(self, task: Task) -> OnnxRuntime:
        return OnnxRuntime(self.onnx(task.store), task.threads)

    def onnx(self, store: Store) -> bytes:
        """The features alone as an ONNX file, exported once for all data sets."""
        name = f"features-{self.features}-{store.mode}-{self.side}-{RECIPE}.onnx"
        kept = store.folder.parents[1] / name
        if not kept.exists():
            model = to_onnx(
                FEATURES[self.features](self.side).eval(), (store.channels, self.side, self.side)
            )
            with replacing(kept) as file:
                file.write(model)
        return kept.read_bytes()

    def describe(self, network: nn.Module, cost: Cost) -> Linear:
        """Features and width; the cost is of both parts."""
        width = network.get_parameter("head.weight").shape[1]
        return Linear(features=self.features, width=width, **vars(cost))


@dataclass(frozen=True)
class Regression:
    """A fitted linear arm."""

    arm: LinearArm  # whose it is
    task: Task
    weight: NDArray[np.float32]  # [classes, D]
    bias: NDArray[np.float32]  # [classes]
    epochs: int = 0

    def logits(self, indices: Indices) -> Logits:
        """Of those pictures, [n, classes]."""
        return self.of_features(self.arm.of_all(self.task)[indices])

    def of_features(self, features: Features) -> Logits:
        """Of pictures by their features [n, D]."""
        logits: Logits = features @ self.weight.T + self.bias
        return logits

    def without_own_class(self, fold: Fold) -> list[Logits]:
        """Of the fold's test pictures, each by a regression that has not learnt its class.

        What a class that nobody thought of looks like to the model: [n, classes] for each group of
        classes that were held out together.
        """
        targets, features = self.task.targets, self.arm.of_all(self.task)
        train = fold.train[:: max(1, len(fold.train) // _MANY)]
        logits = []
        present = np.unique(targets[fold.test])
        for held_out in np.array_split(present, min(_HELD_OUT, len(present))):
            kept = train[~np.isin(targets[train], held_out)]
            asked = fold.test[np.isin(targets[fold.test], held_out)]
            views, classes = features[kept][None], self.task.classes
            fitted = fit(views, targets[kept], classes, self.arm.strength)
            logits.append(Regression(self.arm, self.task, *fitted).of_features(features[asked]))
        return logits

    @property
    def network(self) -> nn.Module:
        """Features and linear layer as one module."""
        head = nn.Linear(self.weight.shape[1], self.weight.shape[0])
        with torch.no_grad():
            head.weight.copy_(torch.from_numpy(self.weight))
            head.bias.copy_(torch.from_numpy(self.bias))
        features = FEATURES[self.arm.features](self.arm.side)
        return nn.Sequential(OrderedDict(features=features, head=head)).eval()

    def onnx(self) -> bytes:
        """Features and linear layer as one ONNX file."""
        return with_head(self.arm.onnx(self.task.store), self.weight, self.bias)


def fit(
    views: Features, targets: Indices, classes: int, strength: float
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Weight [classes, D] and bias [classes] of a logistic regression on features as they are.

    Features are standardised for the fit, and the scale is then put into the weights.

    Args:
        views: Of N pictures, seen in V ways: [V, N, D].
        targets: Class of each picture, [N].
        classes: How many there are.
        strength: Inverse of the penalty.
    """
    scaler = StandardScaler().fit(views[0])
    inputs = views.reshape(-1, views.shape[2])
    model = _regression(strength, scaler.transform(inputs), np.tile(targets, len(views)))
    weight, bias = np.zeros((classes, views.shape[2])), np.full(classes, _NEVER)
    if len(model.classes_) == 2:  # one row tells both
        weight[model.classes_[1]], bias[model.classes_] = model.coef_[0], [0, model.intercept_[0]]
    else:
        weight[model.classes_], bias[model.classes_] = model.coef_, model.intercept_
    weight /= scaler.scale_
    bias -= weight @ scaler.mean_
    return weight.astype(np.float32), bias.astype(np.float32)


def run_in_batches(runtime: OnnxRuntime, chunks: Iterable[NDArray[np.uint8]]) -> Features:
    """What the file makes of the pictures of all chunks, uint8 [n, C, H, W] each: [N, D]."""
    batches = (
        chunk[start : start + _BATCH] for chunk in chunks for start in range(0, len(chunk), _BATCH)
    )
    return np.concatenate([runtime.run(unit(batch)) for batch in batches])


def with_head(features: bytes, weight: NDArray[np.float32], bias: NDArray[np.float32]) -> bytes:
    """Put a linear layer after the only output of an ONNX file; its output is named `logits`."""
    model = onnx.load_from_string(features)
    graph = model.graph
    (source,) = graph.output
    inner = f"{source.name}_features"
    for node in graph.node:
        node.output[:] = [inner if name == source.name else name for name in node.output]
    graph.initializer.extend(
        [numpy_helper.from_array(weight, "head.weight"), numpy_helper.from_array(bias, "head.bias")]
    )
    graph.node.append(
        helper.make_node("Gemm", [inner, "head.weight", "head.bias"], [OUTPUT], "head", transB=1)
    )
    batch = source.type.tensor_type.shape.dim[0].dim_param
    del graph.output[:]
    graph.output.append(
        helper.make_tensor_value_info(OUTPUT, onnx.TensorProto.FLOAT, [batch, len(weight)])
    )
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def choose_strength(features: Features, targets: Indices, usual: float, seed: int) -> float:
    """The usual strength, unless a tenth or ten times of it is clearly better on a quarter.

    Args:
        features: Of N pictures, [N, D].
        targets: Class of each picture, [N].
        usual: Inverse of the penalty.
        seed: Of the quarter.
    """
    places = np.arange(len(targets))
    if len(places) > _MANY:
        places = np.random.default_rng(seed).choice(places, _MANY, replace=False)
    _, counts = np.unique(targets[places], return_counts=True)
    if counts.min() < 2 or len(places) < 4 * len(counts):
        return usual
    learn, judge = train_test_split(
        places, test_size=0.25, stratify=targets[places], random_state=seed
    )
    inputs = StandardScaler().fit(features[learn]).transform(features)

    def accuracy(strength: float) -> float:
        model = _regression(strength, inputs[learn], targets[learn])
        return float(model.score(inputs[judge], targets[judge]))

    expected, other = accuracy(usual), max((usual / 10, usual * 10), key=accuracy)
    error = sqrt(max(expected * (1 - expected), 0.01) / len(judge))
    return other if accuracy(other) > expected + error else usual


def _regression(strength: float, inputs: Features, targets: Indices) -> LogisticRegression:
    """Fitted; one that needs more steps is as good as it gets, as far as accuracy shows."""
    model = LogisticRegression(C=strength, max_iter=_ITERATIONS, tol=1e-3)
    # More threads: its many small products would wait for each other's.
    with catch_warnings(), threadpool_limits(1):
        simplefilter("ignore", ConvergenceWarning)
        return model.fit(inputs, targets)
