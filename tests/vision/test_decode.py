import io
import struct
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from tests.vision.pictures import chunk, coloured, encode, png, seven
from tests.vision.test_structure import bmp, canvas, gif, jpeg, tiff, webp, with_frame
from vision.decode import Limits, decode, is_cheap
from vision.errors import TooLarge, Undecodable, UnsupportedType

INK = seven()
PHOTO = coloured(INK, (20, 30, 120), (240, 235, 220))
SRGB = ImageCms.createProfile("sRGB")


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_lossless_format_is_decoded_to_its_pixels(kind: str) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    pixels = decode(encode(INK, kind, **options)).pixels
    np.testing.assert_array_equal(pixels.mean(axis=2), INK)


def with_chunk(whole: bytes, kind: bytes, data: bytes) -> bytes:
    """Put a chunk behind the header of a PNG."""
    return whole[:33] + chunk(kind, data) + whole[33:]


def pillows(data: bytes) -> np.ndarray[Any, Any]:
    with Image.open(io.BytesIO(data)) as image:
        pixels = np.asarray(image)
    return pixels if pixels.ndim == 3 else pixels[..., None]


GREY, COLOUR = encode(INK), encode(PHOTO)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GREY, id="grey"),
        pytest.param(COLOUR, id="colour"),
        pytest.param(encode(INK[:1]), id="one-row"),
        pytest.param(encode(INK[:, :1]), id="one-column"),
        pytest.param(encode(INK, compress_level=0), id="stored"),
        pytest.param(encode(INK, optimize=True), id="optimised"),
        pytest.param(encode(INK, dpi=(300, 300)), id="resolution"),
        pytest.param(encode(PHOTO, icc_profile=ImageCms.ImageCmsProfile(SRGB).tobytes()), id="icc"),
        *(
            pytest.param(with_chunk(whole, kind, content), id=f"{kind.decode()}-{number}")
            for number, whole in enumerate((GREY, COLOUR))
            for kind, content in (
                (b"gAMA", struct.pack(">I", 100_000)),
                (b"sRGB", b"\0"),
                (b"cHRM", struct.pack(">8I", *range(10_000, 90_000, 10_000))),
                (b"sBIT", b"\4" * (1 if whole is GREY else 3)),
                (b"bKGD", b"\0\x50" * (1 if whole is GREY else 3)),
                (b"tEXt", b"Comment\0tRNS"),
                (b"tIME", struct.pack(">H5B", 2026, 1, 2, 3, 4, 5)),
            )
        ),
    ],
)
def test_png_is_decoded_as_pillow_decodes_it(data: bytes) -> None:
    """OpenCV decodes plain ones: whatever stands in their chunks, the pixels are the same."""
    np.testing.assert_array_equal(decode(data).pixels, pillows(data))


def test_jpeg_is_decoded_to_nearly_its_pixels() -> None:
    difference = decode(encode(PHOTO, "JPEG", quality=95)).pixels.astype(int) - PHOTO
    assert np.abs(difference).mean() < 3


def with_mode(mode: str) -> Image.Image:
    return Image.fromarray(INK).convert(mode)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(encode(with_mode("1")), id="one-bit"),
        pytest.param(encode(with_mode("P")), id="palette"),
        pytest.param(encode(with_mode("LA")), id="grey-alpha"),
        pytest.param(encode(with_mode("RGBA")), id="opaque-alpha"),
        pytest.param(encode(Image.fromarray(INK.astype(np.uint16) * 257)), id="16-bit-png"),
        pytest.param(
            encode(Image.fromarray(INK.astype(np.uint16) * 257), "TIFF"), id="16-bit-tiff"
        ),
        pytest.param(encode(Image.fromarray(INK.astype(np.float32)), "TIFF"), id="float-tiff"),
        pytest.param(encode(with_mode("CMYK"), "TIFF"), id="cmyk"),
    ],
)
def test_every_mode_keeps_light_ink_light(picture: bytes) -> None:
    pixels = decode(picture).pixels
    assert pixels.dtype == np.uint8
    assert pixels[INK == 255].min() > 250
    assert pixels[INK == 0].max() < 5


@pytest.mark.parametrize("pen", [0, 255], ids=["black-strokes", "white-strokes"])
def test_strokes_on_a_transparent_canvas_can_be_seen(pen: int) -> None:
    rgba = np.dstack([np.full_like(INK, pen)] * 3 + [INK])
    pixels = decode(encode(rgba)).pixels.mean(axis=2)
    assert abs(pixels[INK == 255].mean() - pixels[INK == 0].mean()) > 250


def test_first_frame_of_an_animation_is_decoded() -> None:
    frames = [Image.fromarray(INK), Image.fromarray(255 - INK)]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(decode(data).pixels.mean(axis=2), INK)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_picture_that_is_cut_short_is_undecodable(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (80, 80), np.uint8)
    data = encode(noise, kind)
    with pytest.raises(Undecodable, match="cut short"):
        decode(data[: int(share * len(data))])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"hello", id="text"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="svg"),
        pytest.param(b"%PDF-1.7", id="pdf"),
        pytest.param(encode(INK, "PPM"), id="a-format-not-accepted"),
    ],
)
def test_bytes_of_no_accepted_format_are_refused_with_the_list(data: bytes) -> None:
    with pytest.raises(UnsupportedType, match="PNG, JPEG, WebP, BMP, GIF and TIFF"):
        decode(data)


HUGE = 60_000
HEADERS = {
    "PNG": png(HUGE, HUGE),
    "BMP": bmp(width=HUGE, height=HUGE, bits=24),
    "GIF": gif((HUGE, HUGE)),
    "JPEG": with_frame(jpeg(), sides=struct.pack(">2H", HUGE, HUGE)),
    "WebP": webp(canvas(HUGE, HUGE)),
    "TIFF": tiff((256, 4, 1, HUGE), (257, 4, 1, HUGE)),
}


@pytest.mark.parametrize("header", HEADERS.values(), ids=HEADERS)
def test_size_is_refused_from_the_header_alone(header: bytes) -> None:
    with pytest.raises(TooLarge, match="at most 64,000,000 pixels are accepted"):
        decode(header)


@pytest.mark.parametrize("size", [(1, 65_536), (65_536, 1)], ids=["tall", "wide"])
@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_side_beyond_every_camera_is_refused(kind: str, size: tuple[int, int]) -> None:
    file = io.BytesIO()
    Image.new("L", size).save(file, kind)
    with pytest.raises(TooLarge, match="at most 65,535 on a side are accepted"):
        decode(file.getvalue())


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_more_pixels_than_the_limit_are_refused_before_they_are_decoded(kind: str) -> None:
    with pytest.raises(TooLarge, match=r"100 x 100 pixels; at most 9,999 pixels are accepted"):
        decode(encode(INK, kind), Limits(max_pixels=9_999))
    assert decode(encode(INK, kind), Limits(max_pixels=10_000)).width == 100


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF"])
def test_more_memory_than_the_limit_is_refused_with_how_much_it_takes(kind: str) -> None:
    with pytest.raises(TooLarge, match=r"takes \d+ MiB of memory; at most 2 MiB are accepted"):
        decode(encode(seven(500, 40), kind), Limits(max_memory=2 * 2**20))


def test_no_bytes_are_told_as_an_empty_picture() -> None:
    with pytest.raises(Undecodable, match="the picture is empty"):
        decode(b"")


def test_big_tiff_is_named_in_its_refusal() -> None:
    with pytest.raises(UnsupportedType, match="BigTIFF is not accepted"):
        decode(b"II+\x00\x08\0\0\0" + bytes(100))


def test_format_is_told_by_its_first_bytes_alone() -> None:
    data = bytearray(tiff(strip=b""))
    data[12:16], data[24:26] = b"IHDR", b"\x08\x00"  # what would mark a plain PNG
    with pytest.raises(Undecodable, match="TIFF"):
        decode(bytes(data))


def test_refusal_of_many_bytes_says_what_is_accepted() -> None:
    data = encode(INK)
    with pytest.raises(TooLarge, match=rf"{len(data):,} bytes; at most {len(data) - 1:,}"):
        decode(data, Limits(max_bytes=len(data) - 1))


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_large_picture_is_decoded_reduced_and_knows_its_size(kind: str) -> None:
    picture = decode(encode(coloured(seven(3000, 90), (0, 0, 0), (255, 255, 255)), kind))
    assert (picture.width, picture.height) == (3000, 3000)
    assert max(picture.pixels.shape[:2]) * picture.scale <= 3000
    assert picture.scale > 1


@pytest.mark.parametrize(
    ("data", "cheap"),
    [
        pytest.param(encode(seven(28, 2)), True, id="small"),
        pytest.param(encode(seven(1000, 40)), False, id="large"),
        pytest.param(HEADERS["PNG"], False, id="bomb"),
        pytest.param(b"no picture", True, id="refused-at-once"),
    ],
)
def test_cost_is_told_from_the_header(data: bytes, cheap: bool) -> None:
    assert is_cheap(data) == cheap
