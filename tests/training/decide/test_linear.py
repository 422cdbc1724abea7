import numpy as np
import pytest
import torch

from artifact.runtimes.onnx import OnnxRuntime
from artifact.runtimes.torchscript import TorchScriptRuntime
from training.decide.arms.features import FEATURES, HogColour, Pixels
from training.decide.arms.linear import fit, with_head
from training.export.files import to_onnx, to_torchscript
from training.export.quantization import quantize


@pytest.mark.parametrize("classes", [2, 3])
def test_regression_names_separable_pictures_in_their_own_scale(classes: int) -> None:
    generator = np.random.default_rng(0)
    targets = np.arange(90) % classes
    scale = np.array([1e-3, 1e3, 1, 1], np.float32)
    centres = 3 * np.eye(4)[targets]
    views = ((centres + generator.normal(0, 0.3, (90, 4))) * scale)[None].astype(np.float32)
    weight, bias = fit(views, targets, classes, strength=0.03)
    assert weight.shape == (classes, 4)
    assert ((views[0] @ weight.T + bias).argmax(axis=1) == targets).all()


def test_class_that_was_not_learnt_is_never_named() -> None:
    targets = np.array([0, 2] * 10)
    views = np.random.default_rng(0).normal(size=(1, 20, 3)).astype(np.float32)
    weight, bias = fit(views, targets, classes=4, strength=0.03)
    named = (views[0] @ weight.T + bias).argmax(axis=1)
    assert set(named.tolist()) <= {0, 2}


def test_head_of_an_onnx_file_is_a_matrix_product() -> None:
    generator = np.random.default_rng(0)
    weight, bias = (generator.normal(size=shape).astype(np.float32) for shape in ((3, 256), (3,)))
    images = generator.random((5, 1, 16, 16), np.float32)
    features = to_onnx(Pixels(16).eval(), (1, 16, 16))
    logits = OnnxRuntime(with_head(features, weight, bias)).run(images)
    expected = (images.reshape(5, 256) - 0.5) @ weight.T + bias
    np.testing.assert_allclose(logits, expected, atol=1e-4)


@pytest.mark.parametrize("module", [Pixels(32), HogColour(64)], ids=["pixels", "hog-colour"])
@pytest.mark.parametrize("channels", [1, 3])
def test_features_are_finite_on_plain_and_on_noisy_pictures(
    module: torch.nn.Module, channels: int
) -> None:
    side = 32 if isinstance(module, Pixels) else 64
    images = torch.rand(4, channels, side, side)
    images[0], images[1] = 0, 1
    features = module(images)
    assert features.isfinite().all()
    assert features.shape[0] == 4


def test_hog_tells_orientations_apart_and_not_their_sign() -> None:
    stripes = (torch.arange(64) // 4 % 2).float()
    upright = stripes.expand(1, 1, 64, 64).contiguous()
    lying = upright.transpose(2, 3).contiguous()
    ordinary, inverted, turned = (HogColour(64)(x)[:, :576] for x in (upright, 1 - upright, lying))
    torch.testing.assert_close(ordinary, inverted)
    assert float((ordinary - turned).abs().max()) > 0.3


def test_imagenet_features_are_exported_as_they_are_computed() -> None:
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    network = FEATURES["efficientnet-lite0"](64).eval()
    with torch.inference_mode():
        expected = network(pictures).numpy()
    assert expected.shape == (2, 1944)
    exported = TorchScriptRuntime(to_torchscript(network)).run(pictures.numpy())
    assert np.abs(exported - expected).max() < 1e-4


def test_imagenet_features_in_8_bits_name_what_they_name_without() -> None:
    generator = np.random.default_rng(0)
    pictures = generator.random((24, 3, 4, 4), np.float32).repeat(16, 2).repeat(16, 3)
    weight = generator.normal(size=(5, 1944)).astype(np.float32)
    features = to_onnx(FEATURES["efficientnet-lite0"](64).eval(), (3, 64, 64))
    whole = with_head(features, weight, np.zeros(5, np.float32))
    exact, rounded = (
        OnnxRuntime(file).run(pictures) for file in (whole, quantize(whole, pictures))
    )
    assert np.isfinite(rounded).all()
    assert np.corrcoef(exact.ravel(), rounded.ravel())[0, 1] > 0.98
