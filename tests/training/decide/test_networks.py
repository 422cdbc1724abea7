import pytest
import torch

from training.decide.arms.augmentation import augment
from training.decide.arms.networks import grown, receptive_field
from training.networks.architectures import BlockKind, build


@pytest.mark.parametrize("side", [16, 28, 32, 48, 64, 96, 128])
@pytest.mark.parametrize("kind", ["mobile", "conv"])
def test_last_maps_see_the_whole_picture_at_any_size(kind: BlockKind, side: int) -> None:
    architecture = grown(kind, side)
    assert receptive_field(architecture.stem_stride, [*architecture.strides]) >= side
    network = build(architecture, (3, side, side), classes=4, seed=0).eval()
    with torch.inference_mode():
        assert network(torch.zeros(2, 3, side, side)).shape == (2, 4)


@pytest.mark.parametrize("channels", [1, 3])
def test_augmentation_fills_what_a_shift_uncovers_with_the_edge(channels: int) -> None:
    plain = torch.full((16, channels, 20, 20), 0.6)
    changed = augment(plain, torch.Generator().manual_seed(0), mirror=True)
    assert changed.shape == plain.shape
    assert float(changed.std(dim=(2, 3)).max()) < 1e-5


def test_augmentation_mirrors_only_where_told() -> None:
    left = torch.zeros(64, 1, 20, 20)
    left[..., :7] = 1
    mirrored = {}
    for mirror in (False, True):
        changed = augment(left, torch.Generator().manual_seed(0), mirror=mirror)
        heavier = changed[..., 10:].mean(dim=(1, 2, 3)) > changed[..., :10].mean(dim=(1, 2, 3))
        mirrored[mirror] = int(heavier.sum())
    assert mirrored[False] == 0
    assert 20 < mirrored[True] < 44
