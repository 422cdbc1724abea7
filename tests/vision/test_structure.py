"""What a file claims is checked before a decoder believes it."""

import io
import resource
import struct
import zlib
from contextlib import suppress
from time import thread_time

import numpy as np
import pytest
from PIL import Image

from bench.fuzz import LONGEST_ON_THE_LOOP, LONGEST_SECONDS, fuzz
from tests.vision.pictures import chunk, encode, png, seven
from vision.decode import decode, inspect, is_cheap
from vision.errors import ImageError, TooLarge, Undecodable, UnsupportedType

INK = seven(28, 2)
KINDS = ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"]
MEGABYTE = 2**20


def rows(width: int, height: int) -> bytes:
    return zlib.compress(bytes(height * (width + 1)))


def segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">2BH", 0xFF, marker, len(data) + 2) + data


def jpeg(**options: object) -> bytes:
    return encode(INK, "JPEG", **options)


def with_frame(data: bytes, marker: int = 0xC0, bits: int = 8, sides: bytes = b"") -> bytes:
    """A JPEG whose frame says something else."""
    at = data.index(b"\xff\xc0")
    frame = bytes((0xFF, marker)) + data[at + 2 : at + 4] + bytes((bits,))
    return data[:at] + frame + (sides or data[at + 5 : at + 9]) + data[at + 9 :]


def scans(count: int) -> bytes:
    """A progressive JPEG whose last scan comes again and again."""
    data = jpeg(progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"".join(
        name + struct.pack("<I", len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body


def canvas(width: int, height: int, flags: int = 0) -> tuple[bytes, bytes]:
    sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return b"VP8X", struct.pack("<I", flags) + sides


def lossless(width: int, height: int) -> tuple[bytes, bytes]:
    return b"VP8L", encode(np.zeros((height, width, 3), np.uint8), "WEBP", lossless=True)[20:]


BMP = {"size": 40, "width": 28, "height": 28, "bits": 8, "packing": 0, "colours": 0, "at": 1078}


def bmp(body: bytes = bytes(1024 + 784), **fields: int) -> bytes:
    """A grey BMP of 28 x 28 with a palette of 256, or with other fields."""
    size, width, height, bits, packing, colours, at = (BMP | fields).values()
    info = struct.pack("<I2i2H6I", size, width, height, 1, bits, packing, 0, 0, 0, colours, 0)
    return b"BM" + struct.pack("<I2HI", 0, 0, 0, at) + info + body


def packed(width: int, height: int) -> bytes:
    """The body of a BMP of run lengths: a palette of greys, rows of one colour each."""
    greys = b"".join(bytes((grey, grey, grey, 0)) for grey in range(256))
    return greys + b"".join(bytes((width, 9 * row, 0, 0)) for row in range(height)) + b"\0\1"


def gif(screen: tuple[int, int], *blocks: bytes) -> bytes:
    return b"GIF89a" + struct.pack("<2H3B", *screen, 0x80, 0, 0) + bytes(6) + b"".join(blocks)


def frame(left: int, top: int, width: int, height: int, data: bytes, code: int = 8) -> bytes:
    return b"," + struct.pack("<4HB", left, top, width, height, 0) + bytes((code,)) + data


def gif_data() -> bytes:
    whole = encode(INK, "GIF")
    return whole[whole.index(b",", 13) + 11 :][:-1]


def tiff(
    *tags: tuple[int, int, int, int], strip: bytes = bytes(784), order: str = "<", base: bool = True
) -> bytes:
    """A grey TIFF of 28 x 28 in one strip, with tags that replace its own."""
    own = {256: (4, 1, 28), 257: (4, 1, 28), 258: (3, 1, 8), 259: (3, 1, 1), 262: (3, 1, 1)}
    own |= {273: (4, 1, 8), 277: (3, 1, 1), 278: (4, 1, 28), 279: (4, 1, len(strip))}
    values = (own if base else {}) | {tag: tuple(rest) for tag, *rest in tags}
    entries = b"".join(
        struct.pack(f"{order}2HI", tag, kind, count)
        + struct.pack(order + ("H2x" if kind == 3 and count == 1 else "I"), value)
        for tag, (kind, count, value) in sorted(values.items())
    )
    header = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", 8 + len(strip))
    return header + strip + struct.pack(f"{order}H", len(values)) + entries + bytes(4)


DAMAGED = {
    "png: a chunk of 4 GB": png(28, 28)[:33] + b"\xff\xff\xff\xf0IDAT" + b"x" * 8,
    "png: no pixels": png(28, 28),
    "png: no end": png(28, 28, chunk(b"IDAT", rows(28, 28)))[:-12],
    "png: width 0": png(0, 28, chunk(b"IDAT", rows(28, 28))),
    "png: 3 bits": png(28, 28, chunk(b"IDAT", rows(28, 28)), depth=3),
    "png: colour type 5": png(28, 28, chunk(b"IDAT", rows(28, 28)), colour=5),
    "png: interlaced twice": png(28, 28, chunk(b"IDAT", rows(28, 28)), interlaced=2),
    "png: no palette": png(28, 28, chunk(b"IDAT", rows(28, 28)), colour=3),
    "png: palette after the pixels": png(
        28, 28, chunk(b"IDAT", rows(28, 28)), chunk(b"PLTE", bytes(6)), colour=3
    ),
    "png: large, of few bytes": png(7000, 9000, chunk(b"IDAT", rows(28, 28))),
    "png: wrong checksum": png(28, 28, chunk(b"IDAT", rows(28, 28))[:-1] + b"x"),
    "png: an unknown critical chunk":
        png(28, 28, chunk(b"IDEA", b""), chunk(b"IDAT", rows(28, 28))),
    "png: a million empty chunks": png(28, 28, chunk(b"tEXt", b"") * 1_000_000),
    "png: pixels of 15 MB for 28 x 28":
        png(28, 28, chunk(b"IDAT", zlib.compress(bytes(15_000_000)))),
    "png: garbage": png(28, 28, chunk(b"IDAT", b"\x78\x9c" + bytes(500))),
    "png: pixels for half of the rows": png(28, 28, chunk(b"IDAT", rows(28, 14))),
    "png: large, pixels for half of the rows": png(200, 200, chunk(b"IDAT", rows(200, 100))),
    "png: pixels of 200 MB for 200 x 200": png(
        200, 200, chunk(b"IDAT", zlib.compress(bytes(200_000_000)))
    ),
    "jpeg: nothing": b"\xff\xd8\xff",
    "jpeg: a segment of length 0": b"\xff\xd8\xff\xe0\0\0" + jpeg()[2:],
    "jpeg: a segment past the end": b"\xff\xd8\xff\xe0\xff\xff" + jpeg()[2:],
    "jpeg: a scan without a size":
        b"\xff\xd8" + segment(0xDA, b"\1\1\0\0\0\0") + bytes(9) + b"\xff\xd9",
    "jpeg: two sizes":
        jpeg()[:2] + segment(0xC0, struct.pack(">BHHB3B", 8, 9, 9, 1, 1, 17, 0)) + jpeg()[2:],
    "jpeg: height 0": with_frame(jpeg(), sides=b"\0\0\0\x1c"),
    "jpeg: large, of few bytes": with_frame(jpeg(), sides=struct.pack(">2H", 7000, 9000)),
    "jpeg: 5,000 scans": scans(5_000),
    "jpeg: a million comments": b"\xff\xd8" + segment(0xFE, b"") * 1_000_000 + jpeg()[2:],
    "webp: longer than the file":
        encode(INK, "WEBP")[:4] + b"\xff\xff\xff\x7f" + encode(INK, "WEBP")[8:],
    "webp: no chunk": webp(),
    "webp: a chunk past the end": b"RIFF" + struct.pack("<I", 12) + b"WEBPVP8L\xff\xff\xff\x7f",
    "webp: canvas alone": webp(canvas(28, 28)),
    "webp: canvas and picture of two sizes": webp(canvas(9000, 7000), lossless(28, 28)),
    "webp: animated without a frame": webp(canvas(28, 28, 2)),
    "webp: no key frame": webp((b"VP8 ", b"\1" + bytes(30))),
    "bmp: rows past the end": bmp(height=29),
    "bmp: width negative": bmp(width=-28),
    "bmp: height 0": bmp(height=0),
    "bmp: pixels past the end": bmp(at=2**31),
    "bmp: pixels in the header": bmp(at=20),
    "bmp: 2**31 colours": bmp(colours=2**31),
    "gif: no frame": gif((28, 28), b";"),
    "gif: frame of width 0": gif((28, 28), frame(0, 0, 0, 28, gif_data()), b";"),
    "gif: codes of 200 bits": gif((28, 28), frame(0, 0, 28, 28, gif_data(), code=200), b";"),
    "gif: garbage": gif((28, 28), frame(0, 0, 28, 28, b"\x08" + b"\xff" * 8 + b"\0"), b";"),
    "gif: a block of no kind": gif((28, 28), b"?" * 50),
    "gif: a million empty extensions": gif((28, 28), b"!\xfe\0" * 1_000_000),
    "gif: data in a million blocks": gif(
        (28, 28), frame(0, 0, 28, 28, b"\1\0" * 1_000_000 + b"\0")
    ),
    "tiff: directory past the end": b"II*\0\xff\xff\xff\x7f" + bytes(50),
    "tiff: directory in itself": b"II*\0\x04\0\0\0" + bytes(50),
    "tiff: no tags": tiff(base=False),
    "tiff: 65,535 tags": b"II*\0\x08\0\0\0\xff\xff" + bytes(100),
    "tiff: strip past the end": tiff((273, 4, 1, 5000)),
    "tiff: strip of 2 GB": tiff((279, 4, 1, 2**31)),
    "tiff: a billion strips": tiff((273, 4, 10**9, 8)),
    "tiff: large, of few bytes": tiff((256, 4, 1, 8000), (257, 4, 1, 8000), (278, 4, 1, 8000)),
    "tiff: large, deflated, of few bytes": tiff(
        (256, 4, 1, 8000), (257, 4, 1, 8000), (278, 4, 1, 8000), (259, 3, 1, 8)
    ),
    "tiff: rows per strip 0": tiff((278, 4, 1, 0)),
    "tiff: 9,999 samples": tiff((277, 3, 1, 9_999)),
    "tiff: planar 7": tiff((284, 3, 1, 7)),
    "tiff: width of text": tiff((256, 2, 1, 28)),
    "tiff: tiles without a size": tiff((324, 4, 1, 8), (325, 4, 1, 784)),
}  # fmt: skip


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in DAMAGED.items()])
def test_damage_is_refused_soon_and_in_words(data: bytes) -> None:
    start = thread_time()
    with pytest.raises(Undecodable, match=r"damaged|cut short") as refusal:
        decode(data)
    assert "accepted: whole files of PNG" in str(refusal.value)
    assert thread_time() - start < (LONGEST_ON_THE_LOOP if is_cheap(data) else LONGEST_SECONDS)


UNSUPPORTED = {
    "jpeg: arithmetic": (with_frame(jpeg(), 0xC9), "arithmetic"),
    "jpeg: lossless": (with_frame(jpeg(), 0xC3), "lossless"),
    "jpeg: 12 bits": (with_frame(jpeg(), 0xC1, bits=12), "12 bits"),
    "bmp: JPEG inside": (bmp(packing=4, bits=24), "compression 4"),
    "bmp: 2 bits": (bmp(bits=2), "2 bits"),
    "bmp: an unknown header": (bmp(size=41), "41 bytes"),
    "tiff: old JPEG": (tiff((259, 3, 1, 6)), "compression 6"),
    "tiff: zstd": (tiff((259, 3, 1, 50000)), "compression 50000"),
}


@pytest.mark.parametrize(("data", "what"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_variant_that_is_not_accepted_is_named(data: bytes, what: str) -> None:
    with pytest.raises(UnsupportedType, match=f"{what}.* not accepted; accepted: "):
        decode(data)


TILE = ((322, 4, 1, 65_536), (323, 4, 1, 65_536), (259, 3, 1, 8))


def test_tile_that_is_larger_than_its_picture_counts_as_its_pixels() -> None:
    data = tiff(*TILE, (324, 4, 1, 8), (325, 4, 1, 784))
    assert not is_cheap(data)
    with pytest.raises(TooLarge, match="65,536 x 65,536 pixels"):
        decode(data)


def test_size_of_tiles_that_a_tiff_of_strips_claims_reaches_no_decoder() -> None:
    kept = b"".join(inspect(tiff(*TILE, strip=zlib.compress(bytes(784)))).parts)
    (directory,) = struct.unpack_from("<I", kept, 4)
    assert struct.pack("<2HI", 322, 4, 1) not in kept[directory:]
    assert decode(tiff(*TILE, strip=zlib.compress(bytes(784)))).width == 28


BOMB = zlib.compress(bytes(64 * MEGABYTE), 9)
IDAT = chunk(b"IDAT", rows(28, 28))
HARMLESS = {
    "png: compressed text of 64 MB": png(28, 28, chunk(b"zTXt", b"a\0\0" + BOMB), IDAT),
    "png: international text": png(28, 28, chunk(b"iTXt", b"a\0\1\0\0\0" + BOMB), IDAT),
    "png: colour profile of 64 MB": png(28, 28, chunk(b"iCCP", b"a\0\0" + BOMB), IDAT),
    "png: broken text after the pixels": png(28, 28, IDAT, chunk(b"zTXt", b"")[:-1] + b"x"),
    "png: animated": png(28, 28, chunk(b"acTL", bytes(8)), IDAT, chunk(b"fdAT", bytes(99))),
    "png: a chunk for each byte": png(
        28, 28, *(chunk(b"IDAT", bytes((byte,))) for byte in rows(28, 28))
    ),
    "png: bytes after its end": png(28, 28, IDAT) + b"more",
    "png: interlaced": png(28, 28, chunk(b"IDAT", zlib.compress(bytes(837))), interlaced=1),
    "jpeg: comments": jpeg()[:2] + segment(0xFE, b"x" * 999) * 99 + jpeg()[2:],
    "jpeg: a broken profile": jpeg()[:2] + segment(0xE2, b"ICC_PROFILE\0") + jpeg()[2:],
    "jpeg: restart markers": jpeg(restart_marker_blocks=1),
    "jpeg: filled before a marker": jpeg()[:-2] + b"\xff\xff\xff" + jpeg()[-2:],
    "jpeg: bytes after its end": jpeg() + b"more",
    "webp: chunks that nobody knows": webp(
        canvas(28, 28), *[(b"ABCD", b"x")] * 99, lossless(28, 28)
    ),
    "bmp: upside down": bmp(height=-28),
    "gif: comments": gif((28, 28), b"!\xfe\1x\0" * 999, frame(0, 0, 28, 28, gif_data()), b";"),
    "gif: cut short in a later frame": gif((28, 28), frame(0, 0, 28, 28, gif_data()), b",1"),
    "tiff: hundreds of tags of others": tiff(*((40_000 + i, 4, 1, 2**31) for i in range(900))),
    "tiff: endless directories": tiff()[:-4] + struct.pack("<I", 8 + 784),
    "tiff: of a Motorola": tiff(order=">"),
}  # fmt: skip


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in HARMLESS.items()])
def test_what_holds_no_pixels_is_left_out(data: bytes) -> None:
    start = thread_time()
    picture = decode(data)
    assert thread_time() - start < (LONGEST_ON_THE_LOOP if is_cheap(data) else 0.05)
    assert (picture.width, picture.height) == (28, 28)


def test_run_lengths_of_a_bmp_are_decoded() -> None:
    picture = decode(bmp(packed(28, 28), packing=1))
    np.testing.assert_array_equal(picture.pixels[::-1, 0, 0], np.arange(28) * 9)


def test_frame_smaller_than_its_canvas_is_put_in_its_place() -> None:
    small, whole = Image.new("RGBA", (10, 10), (0, 0, 255, 255)), Image.new("RGBA", (28, 28))
    whole.paste(small, (4, 6))
    file = io.BytesIO()
    whole.save(file, "WEBP", save_all=True, append_images=[small.resize((28, 28))], lossless=True)
    pixels = decode(file.getvalue()).pixels
    assert pixels[10, 8].tolist() == [0, 0, 255]
    assert pixels[0, 0].tolist() == [255, 255, 255]
    picture = decode(gif((40, 30), frame(2, 1, 28, 28, gif_data()), b";"))
    assert (picture.width, picture.height) == (40, 30)


@pytest.mark.parametrize("kind", KINDS)
def test_inspecting_a_whole_picture_gives_its_size(kind: str) -> None:
    structure = inspect(encode(np.zeros((20, 30, 3), np.uint8), kind))
    assert (structure.width, structure.height, structure.pixels) == (30, 20, 600)


def test_every_beginning_of_a_picture_is_refused_or_decoded() -> None:
    for kind in KINDS:
        whole = encode(INK, kind)
        for end in range(0, len(whole), 7):
            with suppress(ImageError):
                assert decode(whole[:end]).pixels.size


def test_fuzzed_pictures_take_neither_long_nor_much_memory() -> None:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = fuzz(count=1_000, seed=7)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert not found.broken
    assert found.outcomes["decoded"] > 100
    assert grown < 150 * 1024  # kilobytes
