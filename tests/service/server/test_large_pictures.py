"""The memory that docs/OPERATING.md and the manifest give is enough for every legal picture."""

import json
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from tests.service.process import WITHOUT_TORCH, Running, Start, wait_until
from tests.vision.pictures import chunk, encode, seven

MEMORY = 512 * 2**20  # as in deploy/kubernetes.yaml
SIDE = 3200
KINDS: dict[str, tuple[str, str, dict[str, Any]]] = {
    "PNG": ("RGB", "PNG", {"compress_level": 1}),
    "PNG, transparent": ("RGBA", "PNG", {"compress_level": 1}),
    "PNG, 16 bits": ("I;16", "PNG", {"compress_level": 1}),
    "PNG, palette": ("P", "PNG", {"compress_level": 1}),
    "JPEG": ("RGB", "JPEG", {}),
    "JPEG, progressive": ("RGB", "JPEG", {"progressive": True, "subsampling": 0}),
    "JPEG, CMYK": ("CMYK", "JPEG", {}),
    "WebP": ("RGB", "WEBP", {"method": 0}),
    "WebP, lossless": ("RGBA", "WEBP", {"method": 0, "lossless": True}),
    "GIF": ("P", "GIF", {}),
    "BMP": ("L", "BMP", {}),
    "TIFF": ("RGB", "TIFF", {"compression": "tiff_lzw"}),
    "TIFF, floats": ("F", "TIFF", {"compression": "tiff_adobe_deflate"}),
    "TIFF, fax": ("1", "TIFF", {"compression": "group4"}),
}
MEMORY_FILE = Path("/proc/self/status")


@pytest.fixture(scope="module")
def limited(start: Start) -> Iterator[Running]:
    """A service with the budgets of a container that has that much memory."""
    with start(
        WITHOUT_TORCH,
        decode_memory_bytes=MEMORY // 3,
        max_upload_bytes=MEMORY // 8,
        worker_threads=2,
        log_format="json",
        queue_seconds=10,
    ) as running:
        yield running


def peak(running: Running) -> int:
    status = Path(f"/proc/{running.process.pid}/status").read_text(encoding="utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found
    return int(found[1]) * 1024


@pytest.mark.skipif(not MEMORY_FILE.exists(), reason="Linux alone says how much memory was used")
def test_large_pictures_at_once_stay_below_the_memory_that_the_manifest_gives(
    limited: Running,
) -> None:
    pictures = [
        encode(Image.new(mode, (SIDE, SIDE)), kind, **options)
        for mode, kind, options in KINDS.values()
    ]
    random.Random(0).shuffle(pictures)
    url = f"{limited.url}/predict"

    def post(data: bytes) -> int:
        return httpx.post(url, content=data, timeout=60).status_code

    with ThreadPoolExecutor(4) as clients:
        statuses = list(clients.map(post, pictures))
    assert set(statuses) <= {200, 503}
    assert statuses.count(200) > len(statuses) // 2
    assert limited.process.poll() is None
    assert peak(limited) < 0.9 * MEMORY


def test_picture_that_could_never_fit_is_refused_with_how_much_it_takes(limited: Running) -> None:
    data = encode(Image.new("RGB", (7000, 7000)), "WEBP", lossless=True, method=0)
    answer = httpx.post(f"{limited.url}/predict", content=data, timeout=60)
    assert answer.status_code == 413
    assert re.search(r"takes \d+ MiB of memory; at most 171 MiB", answer.json()["detail"])


def test_what_libraries_say_of_damaged_pictures_are_lines_of_the_log(limited: Running) -> None:
    whole = encode(seven(28, 2))
    png = whole[:33] + chunk(b"IDAT", b"\x78\x9c" + bytes(range(90))) + whole[-12:]
    noise = np.random.default_rng(0).integers(0, 256, (60, 60), np.uint8)
    tiff = bytearray(encode(noise, "TIFF", compression="tiff_lzw"))
    tiff[100:140] = bytes(range(40))
    for data in (png, bytes(tiff)):
        assert httpx.post(f"{limited.url}/predict", content=data).status_code == 400
    wait_until(lambda: "libpng error" in limited.log.read_text())
    lines = [json.loads(line) for line in limited.log.read_text().splitlines()]
    native = [line for line in lines if line["logger"] == "service.observability.native"]
    assert any("libpng error" in line["message"] for line in native)
    assert all(line["level"] == "warning" for line in native)
