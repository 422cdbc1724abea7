"""Every format with every orientation gives the same upright picture, turned once."""

import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tests.vision.pictures import Pixels, encode
from vision.decode import decode
from vision.orientation import orientation_of

STORED = {  # how an upright picture is stored, so that the orientation turns it back
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
UPRIGHT = np.zeros((24, 40, 3), np.uint8)
UPRIGHT[:12, :20], UPRIGHT[:12, 20:], UPRIGHT[12:, :20] = 255, (200, 40, 40), (40, 40, 200)
ORIENTATION = 0x0112
FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    "PNG": ("PNG", {}),
    "PNG, palette": ("PNG", {"mode": "P"}),
    "JPEG": ("JPEG", {"quality": 98, "subsampling": 0}),
    "JPEG, progressive": ("JPEG", {"quality": 98, "subsampling": 0, "progressive": True}),
    "MPO": ("MPO", {"quality": 98, "subsampling": 0, "save_all": True}),
    "WebP": ("WEBP", {"lossless": True}),
    "WebP, lossy": ("WEBP", {"quality": 100}),
    "TIFF": ("TIFF", {}),
    "TIFF, LZW": ("TIFF", {"compression": "tiff_lzw"}),
    "TIFF, deflate": ("TIFF", {"compression": "tiff_adobe_deflate"}),
    "TIFF, JPEG": ("TIFF", {"compression": "jpeg", "quality": 98}),
}


def stored(name: str, orientation: int, picture: Pixels = UPRIGHT) -> bytes:
    """The upright picture as a camera that was held otherwise stores it."""
    kind, options = FORMATS[name]
    options = options.copy()
    image = Image.fromarray(picture)
    if orientation in STORED:
        image = image.transpose(STORED[orientation])
    if mode := options.pop("mode", None):
        image = image.quantize() if mode == "P" else image.convert(mode)
    if kind == "MPO":
        options["append_images"] = [Image.new("RGB", image.size)]
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    file = io.BytesIO()
    image.save(file, kind, exif=exif, **options)
    return file.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", FORMATS)
def test_upright_picture_results(name: str, orientation: int) -> None:
    picture = decode(stored(name, orientation))
    assert (picture.width, picture.height) == (40, 24)
    assert np.abs(picture.pixels.astype(int) - UPRIGHT).mean() < 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["PNG", "JPEG", "WebP", "TIFF, LZW"])
def test_large_picture_is_upright_too(name: str, orientation: int) -> None:
    large = UPRIGHT.repeat(50, axis=0).repeat(50, axis=1)
    picture = decode(stored(name, orientation, large))
    assert (picture.width, picture.height) == (2000, 1200)
    small = np.asarray(Image.fromarray(picture.pixels).resize((40, 24), Image.Resampling.BOX))
    assert np.abs(small.astype(int) - UPRIGHT).mean() < 6


@pytest.mark.parametrize("name", ["PNG", "JPEG", "MPO", "WebP", "TIFF"])
@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_orientation_that_there_is_not_turns_nothing(name: str, orientation: int) -> None:
    picture = decode(stored(name, orientation))
    assert np.abs(picture.pixels.astype(int) - UPRIGHT).mean() < 6


def exif(order: str, kind: int = 3, count: int = 1, value: int = 6) -> bytes:
    header = b"II*\0" if order == "<" else b"MM\0*"
    return header + struct.pack(f"{order}IHHHIHxx", 8, 1, ORIENTATION, kind, count, value)


@pytest.mark.parametrize(
    ("data", "orientation"),
    [
        pytest.param(exif("<"), 6, id="little-endian"),
        pytest.param(exif(">"), 6, id="big-endian"),
        pytest.param(b"Exif\0\0" + exif(">"), 6, id="as-in-jpeg"),
        pytest.param(exif("<", kind=4), 1, id="of-another-type"),
        pytest.param(exif("<", count=2), 1, id="two"),
        pytest.param(exif("<")[:-4], 1, id="cut-short"),
        pytest.param(b"II*\0\xff\xff\xff\xff", 1, id="directory-outside"),
        pytest.param(b"", 1, id="empty"),
    ],
)
def test_orientation_is_read_and_damage_spoils_nothing(data: bytes, orientation: int) -> None:
    assert orientation_of(data) == orientation


def test_grey_picture_is_turned_as_a_coloured_one() -> None:
    grey = UPRIGHT[..., 0]
    turned = Image.fromarray(grey).transpose(STORED[6])
    tag = Image.Exif()
    tag[ORIENTATION] = 6
    np.testing.assert_array_equal(decode(encode(turned, exif=tag)).pixels[..., 0], grey)
