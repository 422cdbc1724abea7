import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from research.robustness.corruptions import KINDS, corrupt
from research.robustness.samples import RobustnessConfig, Sample, enlarge, prepare
from vision.decode import decode


def config(folder: Path, digits: int = 0, corruptions: int = 0, seed: int = 0) -> RobustnessConfig:
    return RobustnessConfig(digits=digits, corruptions=corruptions, seed=seed, data_dir=folder)


def idx(path: Path, values: NDArray[np.uint8]) -> None:
    """Write the IDX format of the MNIST files."""
    shape = struct.pack(f">{values.ndim}I", *values.shape)
    path.write_bytes(bytes((0, 0, 8, values.ndim)) + shape + values.tobytes())


@pytest.fixture(scope="module")
def mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty pictures of bars, each at its own place; their labels go round."""
    root = tmp_path_factory.mktemp("data")
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    pixels = np.zeros((30, 28, 28), np.uint8)
    for number, picture in enumerate(pixels):
        picture[4 + number // 3 : 14 + number // 3, 12 + number % 3 : 15 + number % 3] = 255
    for prefix in ("train", "t10k"):
        idx(raw / f"{prefix}-images-idx3-ubyte", pixels)
        idx(raw / f"{prefix}-labels-idx1-ubyte", np.tile(np.arange(10, dtype=np.uint8), 3))
    return root


def pixels(sample: Sample) -> NDArray[np.uint8]:
    return decode(sample.read()).pixels[..., 0]


def number(sample: Sample) -> int:
    return int(sample.name.split()[-1])


class TestDigits:
    def test_each_is_dark_ink_on_white_paper(self) -> None:
        (pictures,) = prepare(config(Path("nowhere"), digits=20))
        assert pictures.name == "digits"
        assert len(pictures.samples) == 20
        for sample in pictures.samples:
            paper = pixels(sample)
            assert paper.shape == (200, 200)
            assert min(paper[:5].min(), paper[-5:].min()) > 250
            assert paper.min() < 20
            assert sample.source == f"label {sample.label}"

    def test_enlarging_keeps_every_pixel_where_it_is(self) -> None:
        digit = np.zeros((8, 8))
        digit[2, 5] = 16
        paper = enlarge(digit)
        row, column = np.unravel_index(paper.argmin(), paper.shape)
        assert [int(row) // 20, int(column) // 20] == [3, 6]

    def test_draw_follows_the_seed_and_repeats_nothing(self) -> None:
        names = [
            [sample.name for sample in prepare(config(Path("nowhere"), 30, seed=seed))[0].samples]
            for seed in (0, 0, 1)
        ]
        assert names[0] == names[1] != names[2]
        assert len(set(names[0])) == 30


class TestCorruptions:
    def test_clean_and_every_kind_of_the_same_images(self, mnist: Path) -> None:
        clean, corrupted = prepare(config(mnist, corruptions=12))
        assert (clean.name, len(clean.samples)) == ("clean", 12)
        assert (corrupted.name, len(corrupted.samples)) == ("corruptions", 12 * 15)
        assert list(dict.fromkeys(sample.source for sample in corrupted.samples)) == list(KINDS)
        chosen = [number(sample) for sample in clean.samples]
        assert [number(sample) for sample in corrupted.samples] == chosen * 15

    def test_labels_belong_to_their_images(self, mnist: Path) -> None:
        for pictures in prepare(config(mnist, corruptions=12)):
            assert all(sample.label == str(number(sample) % 10) for sample in pictures.samples)

    def test_pictures_are_those_of_the_test_part_corrupted(self, mnist: Path) -> None:
        clean, corrupted = prepare(config(mnist, corruptions=30, seed=5))
        originals = np.stack([pixels(sample) for sample in clean.samples])
        shifted = [sample for sample in corrupted.samples if sample.source == "translate"]
        expected = corrupt("translate", originals, seed=5)
        assert (np.stack([pixels(sample) for sample in shifted]) == expected).all()

    def test_more_than_there_are_takes_all(self, mnist: Path) -> None:
        clean, _ = prepare(config(mnist, corruptions=1000))
        assert [number(sample) for sample in clean.samples] == list(range(30))
