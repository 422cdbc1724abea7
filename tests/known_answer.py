"""A tiny published model whose right answers are known by construction.

It names the brightest quarter of a grey 8x8 picture: its logits are `gain` times the mean
brightness (0..1) of each quarter. A negative gain names the darkest one instead.
"""

import io
import warnings
from collections.abc import Sequence
from functools import cache
from math import exp
from pathlib import Path

import numpy as np
from onnx import helper
from PIL import Image

from artifact.datasets import DatasetDescription, StoredDataset
from artifact.latency import measure
from artifact.manifest import (
    PATHS,
    FigureRole,
    Manifest,
    Parity,
    Part,
    Rejection,
    Role,
    RuntimeId,
)
from artifact.metrics import (
    ClassMetrics,
    Epoch,
    Example,
    Examples,
    FilterLayer,
    Filters,
    MacroMetrics,
    Metrics,
    SplitMetrics,
)
from artifact.predictions import Predictions
from artifact.publish import list_files, publish, staging, write_manifest
from artifact.repository import Artifact
from tests.manifests import manifest, provenance
from tests.onnx_files import Shape, onnx_file
from tests.vision.pictures import encode
from training.export.sprites import publish_pictures

LABELS = ("top-left", "top-right", "bottom-left", "bottom-right")
SIDE = 8
SOURCE: tuple[str, Shape] = ("pixels", ("N", 1, SIDE, SIDE))  # of the ONNX file
TARGET: tuple[str, Shape] = ("logits", ("N", len(LABELS)))
GAIN = 10.0
TEMPERATURE = 2.0
THRESHOLD = 0.6
# One picture too many is called top-left by the data set and bottom-right by everyone who looks.
TRUE = (0, 1, 2, 3, 0)  # classes of the test pictures
TEST_SHA256 = "e" * 64
CONFUSION = ((1, 0, 0, 1), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))
FIGURE_WIDTHS: dict[FigureRole, int] = {
    "curves": 40,
    "confusion_matrix": 41,
    "filters_first": 42,
    "filters_last": 43,
    "examples_correct": 44,
    "examples_wrong": 45,
    "reliability": 46,
}


def publish_known_answer(
    root: Path,
    name: str = "known",
    version: int = 1,
    *,
    gain: float = GAIN,
    runtimes: Sequence[RuntimeId] = ("onnx", "torchscript"),
    with_predictions: bool = True,
) -> Artifact:
    """Publish the model with every document and figure that the contract knows."""
    with staging(root, name) as folder:
        for runtime in runtimes:
            model = torchscript_model(gain) if runtime == "torchscript" else onnx_model(gain)
            _write(folder, runtime, model)
        _write_documents(folder)
        if with_predictions:
            _write_document(folder, "predictions", known_predictions(gain))
        _write_figures(folder)
        staged = write_manifest(folder, _manifest(folder, name, version, runtimes))
        predictors = [staged.open(runtime) for runtime in runtimes]
        _write_document(folder, "benchmark", measure(predictors, threads=1, seconds=0))
        write_manifest(folder, _manifest(folder, name, version, runtimes))
        return publish(folder, root)


def replace_files(artifact: Artifact, **contents: bytes) -> None:
    """Give a published model other files, by role; its manifest says so."""
    for role in (role for role in PATHS if role in contents):
        (artifact.folder / PATHS[role]).write_bytes(contents[role])
    files = {"files": list_files(artifact.folder)}
    write_manifest(artifact.folder, artifact.manifest.model_copy(update=files))


def known_predictions(gain: float = GAIN) -> Predictions:
    """What the model answers to its five test pictures; with a negative gain, the next class."""
    named = TRUE if gain > 0 else tuple((true + 1) % len(LABELS) for true in TRUE)
    return Predictions(
        labels=LABELS,
        true=TRUE,
        predicted=(*named[:-1], LABELS.index("bottom-right")),
        probability=(known_probability(abs(gain)),) * len(TRUE),
    )


def publish_known_pictures(root: Path) -> StoredDataset:
    """Publish the five test pictures beside the models; the label of the last one is disputed."""
    shown = (*LABELS, "bottom-right")
    planes = [np.array(Image.open(io.BytesIO(picture(label)))) for label in shown]
    about = DatasetDescription(
        title="quarters",
        data_sha256="d" * 64,
        test_sha256=TEST_SHA256,
        labels=LABELS,
        true=TRUE,
        disputed=(4,),
        source="drawn by hand",
        licence="CC0",
    )
    return publish_pictures(root, "quarters", about, np.stack(planes)[:, None])


def picture(*bright: str, side: int = SIDE, format: str = "PNG") -> bytes:  # noqa: A002 - Pillow's
    """Encode a black square whose quarters of those labels are white."""
    quarters = np.array([label in bright for label in LABELS], np.uint8).reshape(2, 2) * 255
    return encode(quarters.repeat(side // 2, 0).repeat(side // 2, 1), format)


def known_probability(gain: float = GAIN) -> float:
    """Probability of the label of a picture with that one white quarter (positive gain)."""
    return 1 / (1 + 3 * exp(-gain / TEMPERATURE))


@cache
def onnx_model(gain: float) -> bytes:
    """Build the ONNX file: two convolutions, less than a kilobyte and a half."""
    nodes = [
        helper.make_node("Conv", ["pixels", "quarters"], ["means"]),
        helper.make_node("Conv", ["means", "gains"], ["scaled"]),
        helper.make_node("Flatten", ["scaled"], ["logits"]),
    ]
    weights = {"quarters": _quarters(), "gains": _gains(gain)}
    return onnx_file(nodes, SOURCE, TARGET, weights)


@cache
def torchscript_model(gain: float) -> bytes:
    """Build its TorchScript twin."""
    import torch  # noqa: PLC0415 - seconds, and most tests need none

    layers = [torch.nn.Conv2d(1, 4, SIDE, bias=False), torch.nn.Conv2d(4, 4, 1, bias=False)]
    for layer, weight in zip(layers, (_quarters(), _gains(gain)), strict=True):
        layer.weight.data = torch.from_numpy(weight)
    network = torch.nn.Sequential(*layers, torch.nn.Flatten()).eval()
    archive = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"`torch\.jit\.\w+` is")
        torch.jit.save(torch.jit.freeze(torch.jit.script(network)), archive)
    return archive.getvalue()


def _quarters() -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    half = SIDE // 2
    masks = np.eye(4, dtype=np.float32).reshape(4, 1, 2, 2).repeat(half, 2).repeat(half, 3)
    return masks / np.float32(half * half)


def _gains(gain: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return gain * np.eye(4, dtype=np.float32).reshape(4, 4, 1, 1)


def _manifest(folder: Path, name: str, version: int, runtimes: Sequence[RuntimeId]) -> Manifest:
    by_hand = {"weights": "by hand"}
    return manifest(
        name,
        LABELS,
        list_files(folder),
        provenance("quarters", len(TRUE), TEST_SHA256, config=by_hand),
        version=version,
        temperature=TEMPERATURE,
        rejection=Rejection(score="max-softmax", threshold=THRESHOLD, accepted=1),
        parity=Parity(images=4, max_abs_diff=dict.fromkeys(runtimes, 0.0), tolerance=1e-4),
    )


def _write_documents(folder: Path) -> None:
    _write_document(folder, "metrics", _metrics())
    _write_document(folder, "examples", _examples())
    layers = (
        FilterLayer(name="0", kind="standard", shape=(4, 1, SIDE, SIDE), figure="filters_first"),
        FilterLayer(name="1", kind="pointwise", shape=(4, 4, 1, 1), figure="filters_last"),
    )
    _write_document(folder, "filters", Filters(layers=layers))


def _write_figures(folder: Path) -> None:
    for role, width in FIGURE_WIDTHS.items():
        _write(folder, role, encode(Image.new("RGB", (width, 30), "white")))


def _metrics() -> Metrics:
    clear = _split_metrics(np.eye(4, dtype=int), interval=(0.51, 1))
    epoch = Epoch(
        epoch=1,
        learning_rate=0.1,
        train_loss=0.5,
        train_accuracy=1,
        validation_loss=0.02,
        validation_accuracy=1,
        seconds=0.1,
    )
    test = _split_metrics(np.array(CONFUSION), interval=(0.3755, 0.9638))
    return Metrics(train=clear, validation=clear, test=test, curves=(epoch,))


def _split_metrics(
    confusion: np.ndarray[tuple[int, ...], np.dtype[np.int64]], interval: tuple[float, float]
) -> SplitMetrics:
    right, support = confusion.diagonal(), confusion.sum(axis=1)
    precision, recall = right / confusion.sum(axis=0), right / support
    f1 = 2 * precision * recall / (precision + recall)
    scores = np.stack([precision, recall, f1])
    return SplitMetrics(
        accuracy=right.sum() / confusion.sum(),
        loss=0.02,
        macro=MacroMetrics(**dict(zip(("precision", "recall", "f1"), scores.mean(1), strict=True))),
        per_class=tuple(
            ClassMetrics(label=label, precision=p, recall=r, f1=f, support=n)
            for label, p, r, f, n in zip(LABELS, *scores, support, strict=True)
        ),
        confusion_matrix=tuple(map(tuple, confusion.tolist())),
        interval=interval,
        calibration_error=0.02,
    )


def _examples() -> Examples:
    def example(index: int, true: str, predicted: str) -> Example:
        return Example(index=index, true=true, predicted=predicted, probability=known_probability())

    return Examples(
        correct=tuple(example(index, label, label) for index, label in enumerate(LABELS)),
        wrong=(example(4, "top-left", "bottom-right"),),
    )


def _write_document(folder: Path, role: Role, document: Part) -> None:
    _write(folder, role, document.model_dump_json(indent=2).encode())


def _write(folder: Path, role: Role, data: bytes) -> None:
    path = folder / PATHS[role]
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
