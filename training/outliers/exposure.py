"""Outlier exposure: what a run shows its network beside the data set, drawn once and cached."""

import io
import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

import training.outliers
import vision
from artifact import files
from artifact.hardware import library_versions
from training import outliers
from training.config import RunConfig
from training.data import Images, Outliers, Split
from training.errors import DatasetError
from vision.input import Input

_LOG = logging.getLogger(__name__)

Tensors = dict[str, Tensor]

_DRAWN_BY = ("numpy", "opencv-python-headless", "pillow", "torch")

_LEARNT = 1500  # outliers of each kind: fewer are overfitted
_WRITTEN = 6000  # digits as other people write them
_JUDGED = 300  # of each kind: an AUROC to a few tenths of a point
_SEED = 0  # the same outliers for every run: seeds then differ in what they make of them


def with_outliers(split: Split, config: RunConfig, spec: Input, folder: Path) -> Split:
    """Add outliers: to learn from, if the config says so, and held-out ones to evaluate on.

    Args:
        split: Whose training images are drawn anew, too.
        config: Of the run.
        spec: What the network takes.
        folder: Of the cache.

    Raises:
        DatasetError: The config says so for a data set whose outliers are not known.
    """
    seen = (spec.shape, spec.mode, spec.preprocess)  # they are cached before normalisation

    def reaching(part: outliers.Part, count: int) -> Tensors:
        key, name = (part, count, _SEED, *seen), f"outliers-{part}"
        return cached(folder, name, key, lambda: outliers.reaching(part, count, _SEED, spec))

    def digits(name: str, key: tuple[object, ...], draw: Callable[[], Images]) -> Images:
        return Images(**cached(folder, name, (*key, _SEED, *seen), lambda: vars(draw())))

    judged = reaching("held-out", _JUDGED)
    if not config.outlier_weight:
        return replace(split, outliers=Outliers(judged=judged))
    if not (kinds := reaching("fitting", _LEARNT)):
        raise DatasetError(
            f"--outlier-weight {config.outlier_weight} with {config.dataset}: it is not known "
            "what is no picture of its classes; accepted is 0, or a set of MNIST's digits"
        )
    learnt = outliers.to_learn(
        kinds,
        digits("printed", (_LEARNT,), lambda: outliers.printed("fitting", _LEARNT, _SEED, spec)),
        digits(
            "written",
            (_WRITTEN, split.data.sha256, split.data.train_ratio, split.data.seed),
            lambda: outliers.written(split.train, _WRITTEN, _SEED, spec),
        ),
    )
    return replace(split, outliers=Outliers(learnt, judged))


def cached(
    folder: Path, name: str, key: tuple[object, ...], draw: Callable[[], Tensors]
) -> Tensors:
    """The cached pictures; drawn and cached where there are none.

    Args:
        folder: Of the cache.
        name: Of what is drawn, which its file's begins with.
        key: All that they depend on beside the code and its libraries.
        draw: Called where they are not cached.
    """
    path = folder / f"{name}-{_digest(key)}.pt"
    if path.is_file():
        return dict(torch.load(path, weights_only=True))
    drawn, content = draw(), io.BytesIO()
    torch.save(drawn, content)
    try:
        files.replace(path, content.getbuffer())
    except OSError as error:
        _LOG.warning("%s are not cached, and drawn again next time: %s", name, error.strerror)
    return drawn


def _digest(key: tuple[object, ...]) -> str:
    """A digest of all that the pictures depend on, code and libraries too."""
    libraries = library_versions(*_DRAWN_BY)
    code = (
        file.read_bytes()
        for package in (vision, training.outliers)
        for file in sorted(Path(next(iter(package.__path__))).rglob("*.py"))
    )
    return files.sha256(repr((key, libraries)).encode(), *code)[:16]
