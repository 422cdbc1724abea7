from dataclasses import replace
from pathlib import Path

import pytest

from bench.busy_core import Busy
from bench.profile_report import Profile, write

PARTS = {
    "form": 4.0,
    "decode": 10.0,
    "preprocess": 9.0,
    "tensor": 2.0,
    "inference": 44.0,
    "inference of 16": 16 * 33.0,
    "answer": 8.0,
    "JSON": 2.0,
}
PROFILE = Profile(
    model="known",
    hardware="a machine",
    load=0.0,
    parts=PARTS,
    calls={
        "raw": 95.0,
        "multipart": 101.0,
        "raw, 16 together": 16 * 61.0,
        "multipart, by the route": 250.0,
    },
    busy={
        (form, clients): Busy(120.0, 150.0) for form in ("raw", "multipart") for clients in (1, 16)
    },
)


@pytest.mark.parametrize(("form", "service"), [("raw", 20.0), ("multipart", 22.0)])
def test_parts_and_what_is_left_are_the_whole_request(form: str, service: float) -> None:
    shares = PROFILE.shares(form)
    assert sum(shares.values()) == pytest.approx(120)
    assert shares["the service around them"] == pytest.approx(service)
    assert ("form" in shares) == (form == "multipart")


def test_page_and_figure_are_written(tmp_path: Path) -> None:
    page, figure = write(PROFILE, tmp_path / "docs")
    text = page.read_text()
    assert "| inference | 44 | 44 |" in text
    assert "| **together** | **120** | **120** |" in text
    assert "each takes 33 us" in text
    assert "61 us each for 16" in text
    assert f"({figure.name})" in text
    assert figure.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(("load", "told"), [(0.1, False), (3.2, True)])
def test_page_says_where_others_disturbed_the_measurement(
    tmp_path: Path, load: float, told: bool
) -> None:
    page, _ = write(replace(PROFILE, load=load), tmp_path)
    assert (f"{load} other processes" in page.read_text()) == told
