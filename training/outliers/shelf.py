"""Drawn pictures are kept on disk: drawing a run's outliers takes minutes."""

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import artifact
import training.outliers
from artifact.hardware import library_versions

Tensors = dict[str, Tensor]

_DRAWN_BY = ("numpy", "opencv-python-headless", "pillow", "torch")


class Shelf:
    """A folder of drawn pictures, each file named for all that decides what is in it.

    Args:
        folder: Made when something is put on the shelf.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str, decides: Mapping[str, Any], draw: Callable[[], Tensors]) -> Tensors:
        """Take the pictures from the shelf, or draw them and put them there.

        Args:
            name: Of what is drawn.
            decides: All that it depends on beside the code and its libraries.
            draw: Called where the shelf has no such pictures.
        """
        path = self._folder / f"{name}-{_digest(decides)}.pt"
        if path.is_file():
            return dict(torch.load(path, weights_only=True))
        drawn = draw()
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(f".{os.getpid()}.partial")
        torch.save(drawn, partial)
        partial.replace(path)
        return drawn


def _digest(decides: Mapping[str, Any]) -> str:
    """Short name of what decides the pictures; other code or libraries draw others."""
    content = hashlib.sha256(repr(sorted(decides.items())).encode())
    content.update(repr(sorted(library_versions(*_DRAWN_BY).items())).encode())
    for package in (artifact, training.outliers):
        for file in sorted(Path(next(iter(package.__path__))).rglob("*.py")):
            content.update(file.read_bytes())
    return content.hexdigest()[:16]
