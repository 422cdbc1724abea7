"""One run, end to end."""

from dataclasses import replace

import torch

from artifact.manifest import Input
from artifact.repository import Artifact
from training import data, normalization, outliers, provenance
from training.architectures import architecture, build
from training.assessment import assess
from training.checkpoint import refuse_overwriting
from training.config import Places, RunConfig
from training.data import Outliers, Split
from training.errors import DatasetError
from training.fit import fit
from training.hardware import choose_device
from training.publication import Candidate, describe_input, publish_candidate
from training.quantization import CALIBRATION_IMAGES

_LEARNT = 1500  # outliers of each kind: fewer are learnt by heart
_WRITTEN = 6000  # digits as other people write them
_JUDGED = 300  # of each kind: an AUROC to a few tenths of a point


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
        BrokenArtifact: The model repository cannot take the model.
    """
    if not resume:
        refuse_overwriting(places.run_folder(config))
    candidate = train(config, places)
    return publish_candidate(candidate, places.models_dir, publish_flawed=publish_flawed)


def train(config: RunConfig, places: Places) -> Candidate:
    """Fit a network, choosing the epoch on validation, and evaluate it once on test.

    Raises:
        DatasetError: The data set is missing, damaged, or cannot be split as asked.
        DeviceError: There is no such device here.
        CheckpointError: The run was begun with other values, or its checkpoint is damaged.
        DivergedError: The loss is no longer a number.
    """
    torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    dataset = data.load(config.dataset, places.data_dir, config.side, config.mode)
    split = data.split(dataset, config.train_ratio, config.seed)
    scaling = normalization.measure(split.train)
    split = with_outliers(split, config, describe_input(dataset, scaling))
    shape = architecture(config.architecture)
    network = build(shape, dataset.shape[0], len(dataset.labels), config.seed).to(device)
    with torch.backends.cudnn.flags(enabled=True, deterministic=True):
        fitted = fit(network, split.to(device), scaling, config, places.run_folder(config))
    portable = network.cpu().to(memory_format=torch.contiguous_format)
    return Candidate(
        name=places.published_name(config),
        architecture=shape,
        network=portable,
        dataset=dataset,
        calibration=data.sample(split.train, CALIBRATION_IMAGES),
        normalization=scaling,
        assessment=assess(portable, scaling, split, dataset.labels, fitted.curves),
        provenance=provenance.describe(config, split, fitted),
    )


def with_outliers(split: Split, config: RunConfig, wanted: Input) -> Split:
    """Add what is no picture of any class: to learn, where the config asks for it, and to judge.

    Raises:
        DatasetError: They are asked for where it is not known what is one.
    """
    learnt = None
    if config.outlier_weight:
        if not (kinds := outliers.reaching("fitting", _LEARNT, config.seed, wanted)):
            raise DatasetError(
                f"--outlier-weight {config.outlier_weight} with {config.dataset}: it is not known "
                "what is no picture of its classes; accepted is 0, or a set of MNIST's digits"
            )
        learnt = outliers.to_learn(
            kinds,
            outliers.printed("fitting", _LEARNT, config.seed, wanted),
            outliers.written(split.train, _WRITTEN, config.seed, wanted),
        )
    judged = outliers.reaching("held-out", _JUDGED, config.seed, wanted)
    return replace(split, outliers=Outliers(learnt, judged))
