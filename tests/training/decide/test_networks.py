import subprocess
import sys
from pathlib import Path

import pytest
import torch

from artifact.runtimes.table import open_runtime
from tests.training.decide.drawn import write_folder
from training.decide.arms.augmentation import augment
from training.decide.arms.base import network_logits
from training.decide.arms.networks import grown, receptive_field
from training.decide.collection.check import check
from training.decide.config import DecideConfig
from training.decide.roster import roster
from training.decide.run import prepare
from training.export.files import export
from training.networks import efficientnet
from training.networks.architectures import BlockKind, build

PEAK = """
import resource
import numpy as np
import torch
from training.decide.arms.base import network_logits
from training.networks.efficientnet import pretrained

torch.set_num_threads(1)
network = pretrained()
batch = np.zeros((32, 3, 192, 192), np.float32)
network_logits(network, batch[:1])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert network_logits(network, batch).shape == (32, 1280)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1000)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere it is told in bytes")
def test_logits_of_many_large_pictures_take_little_memory() -> None:
    said = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert float(said.stdout) < 180  # megabytes; all at once took 290


def test_library_networks_answer_alike_in_all_their_files(tmp_path: Path) -> None:
    shapes = write_folder(tmp_path / "shapes", 12, ("bar", "disc"), side=128)
    collection = check(shapes, threads=1)
    arms = roster(collection, (), 60)
    config = DecideConfig(runs_dir=tmp_path, models_dir=tmp_path, threads=1)
    task = prepare(collection, config, "shapes", arms, say=print)[0].task
    libraries = [arm for arm in arms.trained if arm.name not in {"mobilenet", "conv"}]
    assert len(libraries) == 1 + efficientnet.is_installed()
    for arm in libraries:
        network = arm.build(task, arm.sides[0], task.folds[0].train).eval()
        shown = task.store.unit(arm.sides[0], task.folds[0].test)
        expected = network_logits(network, shown)
        for runtime, content in export(network, shown.shape[1:]).items():
            answered = open_runtime(runtime, content).run(shown)
            assert answered == pytest.approx(expected, abs=1e-3), (arm.name, runtime)


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
