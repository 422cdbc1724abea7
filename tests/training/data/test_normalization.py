import subprocess
import sys

import pytest
import torch

from training.data import Images
from training.data.normalization import Normalization, measure, to_unit


def test_statistics_are_those_of_each_channel() -> None:
    pixels = torch.zeros(2, 2, 2, 2, dtype=torch.uint8)
    pixels[0, 0] = 255
    pixels[:, 1] = 51
    normalization = measure(Images(pixels, torch.zeros(2)))
    assert (normalization.mean, normalization.std) == ((0.5, 0.2), (0.5, 0.0001))


def test_statistics_are_rounded_to_what_the_manifest_shows() -> None:
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert measure(Images(pixels, torch.zeros(1))) == Normalization((0.5,), (0.2898,))


def test_inputs_are_scaled_then_centred() -> None:
    pixels = torch.tensor([0, 255], dtype=torch.uint8).view(1, 2, 1, 1)
    inputs = Normalization((0.5, 0.2), (0.25, 0.4)).inputs(pixels)
    assert inputs.flatten().tolist() == pytest.approx([-2, 2])
    assert inputs.dtype == torch.float32


def test_unit_pixels_go_from_nothing_to_one() -> None:
    assert to_unit(torch.tensor([0, 51, 255], dtype=torch.uint8)).tolist() == pytest.approx(
        [0, 0.2, 1]
    )


def test_measuring_makes_no_float_copy_of_the_pictures() -> None:
    program = (
        "import resource, torch\n"
        "from training.data import Images\n"
        "from training.data.normalization import measure\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024\n"
        "pixels = torch.zeros(20_000, 3, 64, 64, dtype=torch.uint8)\n"
        "measure(Images(pixels[:10], torch.zeros(10)))\n"
        "before = peak()\n"
        "measure(Images(pixels, torch.zeros(20_000)))\n"
        "print((peak() - before) / pixels.nbytes)\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert float(ended.stdout) < 0.5
