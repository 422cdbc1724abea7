"""Pictures in a folder for each class: `train/<class>/...` and `test/<class>/...`."""

import hashlib
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from training.config import Mode
from training.data.identity import digest_lines
from training.data.values import Dataset, Images
from training.errors import DatasetError
from vision.decode import decode
from vision.errors import ImageError
from vision.input import Input
from vision.preprocess import view


def load_folder(root: Path, side: int, mode: Mode) -> Dataset:
    """Every picture of a folder, made alike by the code that serves.

    Args:
        root: Holds `train` and `test`, each with one folder for each class.
        side: Height and width of the pictures that the network sees.
        mode: Grey or colour.

    Raises:
        DatasetError: A folder is missing or empty, or a file is no picture.
    """
    labels = tuple(path.name for path in _visible(root / "train") if path.is_dir())
    if len(labels) < 2:
        raise DatasetError(
            f"the data directory's folder train has {len(labels)} folders of pictures: it needs "
            "one for each class, train/<class>/*.png, and the same in test"
        )
    channels = 1 if mode == "L" else 3
    wanted = Input(
        shape=(channels, side, side),
        mode=mode,
        mean=(0.0,) * channels,
        std=(1.0,) * channels,
        preprocess="resize",
    )
    learning, test = (_find(root / part, labels) for part in ("train", "test"))
    return Dataset(
        name=root.resolve().name,
        sha256=digest_lines(f"{label} {digest}" for label, digest, _ in (*learning, *test)),
        test_sha256=digest_lines(f"{label} {digest}" for label, digest, _ in test),
        labels=labels,
        learning=_read(learning, labels, wanted),
        test=_read(test, labels, wanted),
        preprocess="resize",
    )


def _find(folder: Path, labels: tuple[str, ...]) -> list[tuple[str, str, Path]]:
    """Label, digest and path of every picture, in an order that no file's name decides."""
    return sorted(
        (label, hashlib.sha256(path.read_bytes()).hexdigest(), path)
        for label in labels
        for path in _visible(folder / label)
    )


def _read(files: list[tuple[str, str, Path]], labels: tuple[str, ...], wanted: Input) -> Images:
    pixels = np.stack([_pixels(path, wanted) for _, _, path in files])
    return Images(
        torch.from_numpy(pixels), torch.tensor([labels.index(label) for label, _, _ in files])
    )


def _pixels(path: Path, wanted: Input) -> NDArray[np.uint8]:
    """uint8 [C, H, W]."""
    try:
        seen = view(decode(path.read_bytes()), wanted).pixels
    except ImageError as error:
        raise DatasetError(f"{_short(path)} is refused: {error}") from error
    return seen[None] if seen.ndim == 2 else seen.transpose(2, 0, 1)


def _visible(folder: Path) -> list[Path]:
    """What a folder holds, in order."""
    try:
        found = sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DatasetError(f"{_short(folder)} cannot be read: {error.strerror}") from error
    if not found:
        raise DatasetError(f"{_short(folder)} is empty: it should hold pictures")
    return found


def _short(path: Path) -> str:
    """The path below the data directory."""
    return "/".join(path.parts[-3:])
