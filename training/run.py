"""One run, end to end."""

from pathlib import Path

import torch

from training import checkpoint, data, normalization
from training.architectures import architecture, build
from training.config import Places, RunConfig
from training.errors import CheckpointError
from training.fit import Fitted, fit
from training.hardware import choose_device


def run(config: RunConfig, places: Places, *, resume: bool = False) -> None:
    """Train a network."""
    torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    folder = places.run_folder(config)
    dataset = data.load(config.dataset, places.data_dir)
    split = data.split(dataset, config.train_ratio, config.seed)
    shape = normalization.measure(split.train)
    network = build(
        architecture(config.architecture), dataset.shape[0], len(dataset.labels), config.seed
    )
    fit(network, split, shape, config, folder)
