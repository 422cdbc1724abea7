from pathlib import Path

import numpy as np
import pytest
import torch

from artifact.manifest import RuntimeId
from tests.known_answer import GAIN, SIDE, publish_known_answer
from training.data import Images
from training.errors import ParityError
from training.export import parity


@pytest.fixture(scope="module")
def images() -> Images:
    """Pictures of noise with one quarter brightened, some of them only a little."""
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 120, (100, 1, SIDE, SIDE), np.uint8)
    labels = generator.integers(0, 4, 100)
    half = SIDE // 2
    for picture, label in zip(pixels[:, 0], labels, strict=True):
        row, column = half * (label // 2), half * (label % 2)
        picture[row : row + half, column : column + half] += 100
    return Images(torch.from_numpy(pixels), torch.from_numpy(labels))


def logits(images: Images, gain: float = GAIN) -> parity.Logits:
    quarters = images.pixels[:, 0].float().unfold(1, 4, 4).unfold(2, 4, 4).mean(dim=(3, 4))
    found: parity.Logits = (gain * quarters.flatten(1) / 255).numpy()
    return found


def test_same_arithmetic_is_in_parity(tmp_path: Path, images: Images) -> None:
    found = parity.check(publish_known_answer(tmp_path), images, logits(images))
    assert found.images == 100
    assert set(found.max_abs_diff) == {"onnx", "torchscript"}
    assert max(found.max_abs_diff.values()) < 1e-5
    assert found.agreement == {}


@pytest.mark.parametrize("runtime", ["onnx", "torchscript"])
def test_exact_runtime_may_not_round(tmp_path: Path, images: Images, runtime: RuntimeId) -> None:
    staged = publish_known_answer(tmp_path, gain=1.001 * GAIN, runtimes=(runtime,))
    with pytest.raises(ParityError, match=rf"{runtime} differs .* at most 0\.0001 is accepted"):
        parity.check(staged, images, logits(images))


def test_quantised_runtime_may_round_and_says_how_much(tmp_path: Path, images: Images) -> None:
    staged = publish_known_answer(tmp_path, gain=1.1 * GAIN, runtimes=("onnx-int8",))
    found = parity.check(staged, images, logits(images))
    assert 0.1 < found.max_abs_diff["onnx-int8"] < 1
    assert found.agreement == {"onnx-int8": 1.0}


def test_quantised_runtime_that_is_broken_is_refused(tmp_path: Path, images: Images) -> None:
    staged = publish_known_answer(tmp_path, gain=-GAIN, runtimes=("onnx-int8",))
    with pytest.raises(ParityError, match=r"onnx-int8 names another .* for 100 of 100"):
        parity.check(staged, images, logits(images))


def test_few_labels_may_be_others_for_a_runtime_that_rounds_only(
    tmp_path: Path, images: Images
) -> None:
    staged = publish_known_answer(tmp_path, runtimes=("onnx-int8",))
    expected = logits(images)
    expected[:8] = -expected[:8]
    assert parity.check(staged, images, expected).agreement["onnx-int8"] == pytest.approx(0.92)


def test_network_that_answers_with_nan_is_refused(tmp_path: Path, images: Images) -> None:
    staged = publish_known_answer(tmp_path, runtimes=("onnx-int8",))
    with pytest.raises(ParityError, match="differs from the network by nan"):
        parity.check(staged, images, np.full_like(logits(images), np.nan))
