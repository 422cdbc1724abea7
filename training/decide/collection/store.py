"""Every picture as networks see it, once for each size, kept in files beside the run.

Pictures are read once; each size lies in one file of raw bytes, so that ten thousand of them need
no more memory than the part that is looked at.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from artifact.files import replacing, sha256
from training.config import Mode
from training.data.folder import Pixels, planes, unit_input
from training.data.identity import short
from vision.decode import decode
from vision.input import Input
from vision.preprocess import view

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
        return unit_input(side, self.mode)

    def path(self, side: int) -> Path:
        """The file of that size."""
        return self.folder / f"pictures-{side}.u8"

    def read(self, side: int, indices: Sequence[int] | NDArray[np.int64]) -> Pixels:
        """Those pictures, [n, C, side, side]; the others take no memory."""
        shape = (self.count, self.channels, side, side)
        mapped = np.memmap(self.path(side), np.uint8, "r", shape=shape)
        return np.array(mapped[np.asarray(indices)])

    def unit(self, side: int, indices: NDArray[np.int64]) -> NDArray[np.float32]:
        """Those pictures with pixels in 0..1, [n, C, side, side]."""
        return unit(self.read(side, indices))

    def chunks(self, side: int) -> Iterator[Pixels]:
        """All pictures in order, some hundreds at a time."""
        size = self.channels * side * side
        with self.path(side).open("rb") as file:
            while data := file.read(_CHUNK * size):
                yield np.frombuffer(data, np.uint8).reshape(-1, self.channels, side, side)


def unit(pixels: Pixels) -> NDArray[np.float32]:
    """Pixels in 0..1."""
    scaled = np.array(pixels, np.float32, order="C")
    scaled /= 255
    return scaled


def write(paths: Sequence[Path], store: Store, sides: Sequence[int], threads: int) -> None:
    """Fill the store's files for those sizes that are not there yet."""
    missing = [side for side in sides if not store.path(side).exists()]
    if not missing:
        return
    wanted = [store.input(side) for side in missing]

    def seen(path: Path) -> list[Pixels]:
        picture = decode(path.read_bytes())
        return [planes(view(picture, size).pixels) for size in wanted]

    with ThreadPoolExecutor(threads) as pool, ExitStack() as stack:
        files = [stack.enter_context(replacing(store.path(side))) for side in missing]
        for start in range(0, len(paths), _CHUNK):
            for pictures in pool.map(seen, paths[start : start + _CHUNK]):
                for file, pixels in zip(files, pictures, strict=True):
                    file.write(pixels.tobytes())
