"""Outlier exposure: what a run shows its network beside the data set, drawn once and cached."""

import io
import logging
from collections.abc import Callable, Mapping
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


class Cache:
    """A folder of drawn pictures, each file named after its key."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str, key: Mapping[str, object], draw: Callable[[], Tensors]) -> Tensors:
        """The cached pictures; drawn and cached where there are none.

        Args:
            name: Of what is drawn.
            key: All that they depend on beside the code and its libraries.
            draw: Called where they are not cached.
        """
        path = self._folder / f"{name}-{_digest(key)}.pt"
        if path.is_file():
            return dict(torch.load(path, weights_only=True))
        drawn, content = draw(), io.BytesIO()
        torch.save(drawn, content)
        try:
            files.replace(path, content.getbuffer())
        except OSError as error:
            _LOG.warning("%s are not cached, and drawn again next time: %s", name, error.strerror)
        return drawn


def _digest(key: Mapping[str, object]) -> str:
    """A digest of all that the pictures depend on, code and libraries too."""
    libraries = library_versions(*_DRAWN_BY)
    code = (
        file.read_bytes()
        for package in (vision, training.outliers)
        for file in sorted(Path(next(iter(package.__path__))).rglob("*.py"))
    )
    described = repr((sorted(key.items()), sorted(libraries.items()))).encode()
    return files.sha256(described, *code)[:16]


def with_outliers(split: Split, config: RunConfig, spec: Input, cache: Cache) -> Split:
    """Add outliers: to learn from, if the config says so, and held-out ones to evaluate on.

    Raises:
        DatasetError: The config says so for a data set whose outliers are not known.
    """
    judged = _reaching("held-out", _JUDGED, spec, cache)
    learnt = _training_pictures(split, config, spec, cache) if config.outlier_weight else None
    return replace(split, outliers=Outliers(learnt, judged))


def _training_pictures(split: Split, config: RunConfig, spec: Input, cache: Cache) -> Images:
    if not (kinds := _reaching("fitting", _LEARNT, spec, cache)):
        raise DatasetError(
            f"--outlier-weight {config.outlier_weight} with {config.dataset}: it is not known "
            "what is no picture of its classes; accepted is 0, or a set of MNIST's digits"
        )
    return outliers.to_learn(kinds, _printed(spec, cache), _written(split, spec, cache))


def _reaching(part: outliers.Part, count: int, spec: Input, cache: Cache) -> dict[str, Tensor]:
    key = {"part": part, "count": count, "seed": _SEED, **_part_of(spec)}
    return cache.get(f"outliers-{part}", key, lambda: outliers.reaching(part, count, _SEED, spec))


def _printed(spec: Input, cache: Cache) -> Images:
    key = {"count": _LEARNT, "seed": _SEED, **_part_of(spec)}
    return Images(
        **cache.get("printed", key, lambda: vars(outliers.printed("fitting", _LEARNT, _SEED, spec)))
    )


def _written(split: Split, spec: Input, cache: Cache) -> Images:
    data = split.data
    key = {
        "of": (data.sha256, data.train_ratio, data.seed),
        "count": _WRITTEN,
        **_part_of(spec),
    }
    return Images(
        **cache.get(
            "written", key, lambda: vars(outliers.written(split.train, _WRITTEN, _SEED, spec))
        )
    )


def _part_of(spec: Input) -> dict[str, object]:
    """The part of the input that the pictures depend on: they are cached before normalisation."""
    return {"shape": spec.shape, "mode": spec.mode, "preprocess": spec.preprocess}
