"""Decode tens of thousands of damaged pictures, and say what took too long or too much memory.

    python -m bench.fuzz --count 50000 --seed 1

Every picture of six formats is damaged at random: bits, numbers, lengths, parts that are cut out,
repeated or put in from another one. What the event loop would do with it (what is cheap) is timed
by itself. Times are of the processor: what else runs on the machine does not count. Exits with 1
where a limit is broken.
"""

import argparse
import io
import random
import resource
import struct
import sys
import warnings
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from time import thread_time
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageDraw

from vision.decode import decode, is_cheap
from vision.errors import ImageError
from vision.input import Input
from vision.preprocess import view, view_at_once

LONGEST_SECONDS: Final = 0.5
LONGEST_ON_THE_LOOP: Final = 0.005
MOST_MEMORY: Final = 450 * 2**20
_INPUTS: Final = (
    Input(shape=(1, 28, 28), mode="L", mean=(0.13,), std=(0.3,), preprocess="digit"),
    Input(shape=(3, 32, 32), mode="RGB", mean=(0.1,) * 3, std=(0.3,) * 3, preprocess="resize"),
)
_SIDES: Final = ((1, 1), (28, 28), (28, 28), (64, 48), (300, 200), (900, 700))
_MODES: Final = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "BMP": ("1", "L", "P", "RGB"),
    "GIF": ("L", "P"),
    "TIFF": ("1", "L", "RGB", "RGBA", "CMYK", "I;16", "F"),
}
_OPTIONS: Final[dict[str, tuple[dict[str, object], ...]]] = {
    "PNG": ({}, {"compress_level": 0}),
    "JPEG": ({}, {"progressive": True}, {"restart_marker_blocks": 1}),
    "WEBP": ({}, {"lossless": True}),
    "BMP": ({},),
    "GIF": ({}, {"save_all": True}),
    "TIFF": tuple(
        {"compression": name} for name in (None, "tiff_lzw", "tiff_adobe_deflate", "packbits")
    ),
}
_NUMBERS: Final = (
    *(0, 1, 2, 127, 128, 255, 256, 2**15 - 1, 2**15, 2**16 - 1),
    *(2**31 - 1, 2**31, 2**32 - 1),
)


@dataclass(slots=True)
class Found:
    """What came of the damaged pictures.

    Attributes:
        outcomes: How many were decoded, and how many refused by kind of error.
        slowest: Seconds for one picture, with all that is done to it.
        slowest_on_the_loop: Seconds for one picture that counts as cheap.
        broken: Damaged pictures that broke a limit or raised what is no refusal, and why.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    slowest: float = 0
    slowest_on_the_loop: float = 0
    broken: list[tuple[str, bytes]] = field(default_factory=list)


def fuzz(count: int, seed: int) -> Found:
    """Damage and decode so many pictures; the same seed gives the same ones."""
    generator = random.Random(seed)
    whole = list(pictures(seed))
    found = Found()
    for _ in range(count):
        _try(damage(generator, whole), found)
    return found


def pictures(seed: int) -> Iterator[bytes]:
    """Whole pictures: six formats, their modes and compressions, several sizes."""
    generator = random.Random(seed)
    for size in _SIDES:
        for kind, modes in _MODES.items():
            for mode in modes:
                for options in _OPTIONS[kind]:
                    yield _encoded(_drawn(generator, size), kind, mode, options)


def _drawn(generator: random.Random, size: tuple[int, int]) -> Image.Image:
    image = Image.new("RGB", size, (240, 240, 235))
    points = [tuple(generator.randrange(side) for side in size) for _ in range(4)]
    ImageDraw.Draw(image).line(points, fill=(20, 20, 30), width=max(1, size[0] // 9))
    return image


def _encoded(image: Image.Image, kind: str, mode: str, options: dict[str, object]) -> bytes:
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257)
    file = io.BytesIO()
    rest = {"append_images": [image]} if "save_all" in options else {}
    given = {name: value for name, value in options.items() if value is not None}
    (image if mode == "I;16" else image.convert(mode)).save(file, kind, **given, **rest)
    return file.getvalue()


def damage(generator: random.Random, whole: Sequence[bytes]) -> bytes:
    """Damage one of the pictures; half of the PNG then get checksums that are right again."""
    data = bytearray(generator.choice(whole))
    for _ in range(generator.choice((1, 1, 1, 2, 4, 16))):
        if not data:
            break
        _DAMAGES[generator.randrange(len(_DAMAGES))](generator, data, whole)
    if data.startswith(b"\x89PNG") and generator.random() < 0.5:
        return _with_checksums(bytes(data))
    return bytes(data)


def _place(generator: random.Random, data: bytearray) -> int:
    """Anywhere, or as often in the first bytes, where the structure is."""
    end = len(data) if generator.random() < 0.5 else min(len(data), 120)
    return generator.randrange(end)


def _flip(generator: random.Random, data: bytearray, _whole: Sequence[bytes]) -> None:
    data[_place(generator, data)] ^= 1 << generator.randrange(8)


def _set(generator: random.Random, data: bytearray, _whole: Sequence[bytes]) -> None:
    data[_place(generator, data)] = generator.choice((0, 255, generator.randrange(256)))


def _set_number(generator: random.Random, data: bytearray, _whole: Sequence[bytes]) -> None:
    order, letter = generator.choice("<>"), generator.choice("HI")
    number = generator.choice(_NUMBERS) & (2**16 - 1 if letter == "H" else 2**32 - 1)
    place = _place(generator, data)
    data[place : place + (2 if letter == "H" else 4)] = struct.pack(order + letter, number)


def _cut_off(generator: random.Random, data: bytearray, _whole: Sequence[bytes]) -> None:
    del data[_place(generator, data) :]


def _cut_out(generator: random.Random, data: bytearray, _whole: Sequence[bytes]) -> None:
    place = _place(generator, data)
    del data[place : place + generator.randrange(1, 40)]


def _repeat(generator: random.Random, data: bytearray, _whole: Sequence[bytes]) -> None:
    place, part = _place(generator, data), generator.randrange(len(data))
    data[place:place] = data[part : part + generator.randrange(1, 60)]


def _splice(generator: random.Random, data: bytearray, whole: Sequence[bytes]) -> None:
    other = generator.choice(whole)
    data[_place(generator, data) :] = other[generator.randrange(len(other)) :]


def _scramble(generator: random.Random, data: bytearray, _whole: Sequence[bytes]) -> None:
    place = _place(generator, data)
    data[place : place + 8] = generator.randbytes(8)


_DAMAGES: Final = (_flip, _flip, _set, _set_number, _cut_off, _cut_out, _repeat, _splice, _scramble)


def _with_checksums(data: bytes) -> bytes:
    """Make the checksums of a PNG right, as far as its chunks are whole."""
    out, at = data[:8], 8
    while at + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, at)
        if at + 12 + length > len(data):
            break
        body = data[at + 4 : at + 8 + length]
        out += data[at : at + 4] + body + struct.pack(">I", zlib.crc32(body))
        at += 12 + length
    return out + data[at:]


def _try(data: bytes, found: Found) -> None:
    start = thread_time()
    cheap = is_cheap(data)
    try:
        picture = decode(data)
        seen = [view_at_once(picture, spec) for spec in _INPUTS]
        on_the_loop = thread_time() - start
        for spec in _INPUTS:
            view(picture, spec)
        found.outcomes["decoded" if seen else ""] += 1
    except ImageError as error:
        on_the_loop = thread_time() - start
        found.outcomes[type(error).__name__] += 1
    except Exception as error:  # noqa: BLE001 - what is no refusal is what is looked for
        on_the_loop = 0
        found.broken.append((repr(error), data))  # counted: the process ends with 1
    seconds = thread_time() - start
    found.slowest = max(found.slowest, seconds)
    if cheap:
        found.slowest_on_the_loop = max(found.slowest_on_the_loop, on_the_loop)
    if seconds > LONGEST_SECONDS or (cheap and on_the_loop > LONGEST_ON_THE_LOOP):
        found.broken.append((f"{seconds:.3f} s, {on_the_loop:.4f} s on the loop", data))


def main() -> int:
    """Say what was found; 1 where a limit was broken."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    warnings.simplefilter("ignore")
    found = fuzz(options.count, options.seed)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(dict(found.outcomes))
    print(f"slowest {found.slowest:.3f} s, on the loop {found.slowest_on_the_loop * 1000:.1f} ms")
    print(f"peak {memory / 2**20:.0f} MiB")
    for why, data in found.broken[:20]:
        print(why, len(data), data[:60].hex())
    return int(bool(found.broken) or memory > MOST_MEMORY)


if __name__ == "__main__":
    sys.exit(main())
