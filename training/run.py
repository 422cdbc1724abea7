"""One run, end to end."""

from collections.abc import Callable

import torch
from torch import nn

from artifact.repository import Artifact
from training import data
from training.checkpoint import check_writable, refuse_overwriting, run_of_other_data
from training.config import Places, RunConfig
from training.data import Dataset, normalization
from training.distillation import find_teacher
from training.environment import choose_device, reuse_memory
from training.errors import CheckpointError
from training.evaluation.assessment import assess
from training.export.publication import (
    Candidate,
    check_target,
    describe_provenance,
    publish_candidate,
)
from training.export.quantization import CALIBRATION_IMAGES
from training.networks.architectures import Network, build
from training.outliers.exposure import with_outliers
from training.trainer import fit


def run(
    config: RunConfig, places: Places, *, resume: bool = False, publish_flawed: bool = False
) -> Artifact:
    """Train a network and publish it, whole or not at all.

    Args:
        config: What decides the result.
        places: Where to read and write.
        resume: Go on with the run of that name where it has been begun; a finished one is only
            evaluated and published again.
        publish_flawed: Publish the network even if something is wrong with it, marked as such.

    Raises:
        TrainingError: As its subclasses say; nothing is published.
        BrokenArtifact: The model repository cannot be read.
        NotPublished: It cannot be written, which is tried before the training.
    """
    dataset = data.load(config.dataset, places.data_dir, config.side, config.mode)
    learnt = dataset.identity(config.train_ratio, config.seed)
    folder = places.run_folder(config, dataset.sha256)
    if not resume:
        refuse_overwriting(folder)
    elif told := run_of_other_data(folder, learnt):
        raise CheckpointError(f"{told}. Without --resume a new run begins")
    name = places.published_name(config, dataset.name)
    check_target(places.models_dir, name, learnt)
    candidate = train(config, places, dataset=dataset)
    return publish_candidate(candidate, places.models_dir, publish_flawed=publish_flawed)


def train(
    config: RunConfig,
    places: Places,
    *,
    dataset: Dataset | None = None,
    alter: Callable[[Network], nn.Module] = lambda network: network,
) -> Candidate:
    """Fit a network, choosing the epoch on validation, and evaluate it once on test.

    Raises:
        DatasetError: The data set is missing, damaged, or cannot be split at that ratio.
        DeviceError: There is no such device here.
        CheckpointError: The run was begun with other values or other data, or its checkpoint is
            damaged or cannot be written.
        DivergedError: The loss is no longer a number.
        TeacherError: The teacher that the config names learnt from other images.
    """
    torch.set_num_threads(config.threads)
    reuse_memory()
    device = choose_device(config.device)
    if dataset is None:
        dataset = data.load(config.dataset, places.data_dir, config.side, config.mode)
    folder = places.run_folder(config, dataset.sha256)
    check_writable(folder)
    teacher = find_teacher(config, places, dataset, device)
    split = data.split(dataset, config.train_ratio, config.seed)
    scaling = normalization.measure(split.train)
    spec = dataset.input(scaling.mean, scaling.std)
    split = with_outliers(split, config, spec, places.runs_dir / "drawn")
    fresh = build(config.shape, dataset.shape, len(dataset.labels), config.seed)
    network = alter(fresh).to(device)
    with torch.backends.cudnn.flags(enabled=True, deterministic=True):
        history = fit(network, split.to(device), scaling, config, folder, teacher)
    portable = network.cpu().to(memory_format=torch.contiguous_format)
    return Candidate(
        name=places.published_name(config, dataset.name),
        architecture=config.shape,
        network=portable,
        dataset=dataset,
        calibration=data.sample(split.train, CALIBRATION_IMAGES),
        normalization=scaling,
        assessment=assess(portable, scaling, split, dataset.labels, history.curves),
        provenance=describe_provenance(config, split, history, teacher),
    )
