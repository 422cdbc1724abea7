"""Every picture as networks see it, once for each size, kept in files beside the run.

Pictures are read once; each size lies in one file of raw bytes, so that ten thousand of them need
no more memory than the part that is looked at.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from artifact.files import replacing, sha256
from training.data.identity import short
from training.data.sources import describe
from vision.decode import Picture, decode
from vision.errors import ImageError
from vision.input import Input
from vision.preprocess import view

Mode = Literal["L", "RGB"]
Pixels = NDArray[np.uint8]

_GREY: Final = 4  # of 255: channels that differ by no more are one grey
_CHUNK: Final = 256


@dataclass(frozen=True)
class Store:
    """The pictures of a collection at every size, uint8 [N, C, side, side] each."""

    folder: Path  # holds one file a size
    count: int
    mode: Mode  # grey or colour

    @classmethod
    def inside(cls, folder: Path, count: int, mode: Mode) -> "Store":
        """In a folder of its own for each way of seeing pictures: other ways keep other files."""
        way = sha256(cls(folder, count, mode).input(1).model_dump_json().encode())
        return cls(folder / f"seen-{short(way)}", count, mode)

    @property
    def channels(self) -> int:
        """1 for grey, 3 for colour."""
        return 1 if self.mode == "L" else 3

    def input(self, side: int) -> Input:
        """What a network of that side takes: unit pixels, normalised inside the network."""
        zeros, ones = (0.0,) * self.channels, (1.0,) * self.channels
        shape = (self.channels, side, side)
        return Input(
            shape=shape,
            mode=self.mode,
            mean=zeros,
            std=ones,
            preprocess="resize",
            ground="white",
        )

    def path(self, side: int) -> Path:
        """The file of that size."""
        return self.folder / f"pictures-{side}.u8"

    def read(self, side: int, indices: Sequence[int] | NDArray[np.int64] | None = None) -> Pixels:
        """Those pictures, or all of them, [n, C, side, side], in memory."""
        mapped = self.mapped(side)
        return np.array(mapped if indices is None else mapped[np.asarray(indices)])

    def mapped(self, side: int) -> Pixels:
        """All pictures in their file, [N, C, side, side]: memory is taken by what is looked at."""
        shape = (self.count, self.channels, side, side)
        return np.memmap(self.path(side), np.uint8, "r", shape=shape)

    def chunks(self, side: int) -> Iterator[Pixels]:
        """All pictures in order, some hundreds at a time."""
        size = self.channels * side * side
        with self.path(side).open("rb") as file:
            while data := file.read(_CHUNK * size):
                yield np.frombuffer(data, np.uint8).reshape(-1, self.channels, side, side)


@dataclass(frozen=True)
class Look:
    """What a picture is like, before anything is decided of it."""

    side: int = 0  # its longer side, in pixels
    grey: bool = True  # whether it has no colour
    error: str | None = None  # why it cannot be read; None where it can


def look(path: Path) -> Look:
    """Decode a picture as the service does, and say what it is like."""
    try:
        picture = decode(path.read_bytes())
    except (ImageError, OSError) as error:
        return Look(error=describe(error))
    return Look(max(picture.width, picture.height), _is_grey(picture))


def _is_grey(picture: Picture) -> bool:
    pixels = picture.pixels
    if pixels.shape[2] == 1:
        return True
    low, high = pixels.min(axis=2), pixels.max(axis=2)
    return int((high - low).max()) <= _GREY


def write(paths: Sequence[Path], store: Store, sides: Sequence[int], threads: int) -> None:
    """Fill the store's files for those sizes that are not there yet."""
    missing = [side for side in sides if not store.path(side).exists()]
    if not missing:
        return
    wanted = [store.input(side) for side in missing]

    def seen(path: Path) -> list[Pixels]:
        picture = decode(path.read_bytes())
        return [_planes(view(picture, size).pixels) for size in wanted]

    store.folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(threads) as pool, ExitStack() as stack:
        files = [stack.enter_context(replacing(store.path(side))) for side in missing]
        for start in range(0, len(paths), _CHUNK):
            for pictures in pool.map(seen, paths[start : start + _CHUNK]):
                for file, pixels in zip(files, pictures, strict=True):
                    file.write(pixels.tobytes())


def _planes(pixels: Pixels) -> Pixels:
    """[H, W] or [H, W, 3] to [C, H, W]."""
    return pixels[None] if pixels.ndim == 2 else np.ascontiguousarray(pixels.transpose(2, 0, 1))
