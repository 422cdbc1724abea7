"""A finished network that teaches a smaller one: knowledge distillation."""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from artifact.files import sha256
from artifact.manifest import Teacher as Taught
from training.checkpoint import Checkpoint, run_of_other_data
from training.config import Places, RunConfig
from training.data import Dataset
from training.environment import uses_bfloat16
from training.errors import CheckpointError, TeacherError
from training.networks.architectures import build


@dataclass(frozen=True)
class Teacher:
    """The teacher of a network, beside the labels.

    Attributes:
        temperature: By which both networks' logits are divided, to show more than the best class.
    """

    network: nn.Module  # in evaluation mode, without gradients
    weight: float  # of its answers in the loss; the labels have the rest
    temperature: float
    described: Taught  # for the student's manifest
    autocast: torch.autocast

    def distill(self, loss: Tensor, logits: Tensor, inputs: Tensor) -> Tensor:
        """The loss, with the distance to the teacher's answers in it.

        Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network"
        (arXiv:1503.02531), section 2: the softened part is multiplied by the temperature's square.

        Args:
            loss: By the labels; a scalar.
            logits: Of the student: [N, classes].
            inputs: Of both networks: [N, C, H, W].
        """
        with torch.no_grad(), self.autocast:
            answers = self.network(inputs).float() / self.temperature
        distance = F.kl_div(
            F.log_softmax(logits / self.temperature, dim=1),
            F.log_softmax(answers, dim=1),
            reduction="batchmean",
            log_target=True,
        )
        return torch.lerp(loss, distance * self.temperature**2, self.weight)


def find_teacher(
    config: RunConfig, places: Places, dataset: Dataset, device: torch.device
) -> Teacher | None:
    """The teacher that the config names; None where it names none.

    Raises:
        TeacherError: It learnt from other images, maybe those that the run is validated on.
        CheckpointError: It has no finished run.
    """
    if config.teacher is None:
        return None
    taught = _taught(config, places, dataset)
    history, epochs = taught.history, taught.config.epochs
    if len(history.curves) < epochs:
        raise CheckpointError(
            f"run {taught.name!r} is at epoch {len(history.curves)} of {epochs}: --resume ends it"
        )
    network = build(taught.config.shape, dataset.shape, len(dataset.labels), taught.config.seed)
    network.load_state_dict(history.weights)
    network.eval().requires_grad_(requires_grad=False).to(device)
    return Teacher(
        network.to(memory_format=torch.channels_last),
        config.teacher_weight,
        config.teacher_temperature,
        Taught(
            architecture=taught.config.architecture,
            config=taught.config.model_dump(mode="json"),
            epoch=history.best.epoch,
            weights_sha256=digest(history.weights),
        ),
        torch.autocast(device.type, torch.bfloat16, enabled=uses_bfloat16(taught.config, device)),
    )


def digest(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 of named tensors, in the order of their names."""
    values = ((name, weights[name].cpu().contiguous().numpy()) for name in sorted(weights))
    return sha256(*(part for name, value in values for part in (name.encode(), value.tobytes())))


def _taught(config: RunConfig, places: Places, dataset: Dataset) -> Checkpoint:
    folder = places.teacher_folder(config, dataset.sha256)
    data = dataset.identity(config.train_ratio, config.seed)
    if not (told := run_of_other_data(folder, data)):
        checkpoint = Checkpoint.read(folder)
        told = checkpoint.other_data(data)
    if told:
        raise TeacherError(
            f"teacher {config.teacher!r} has seen other pictures, maybe those that this run is "
            f"validated on: {told}. Train the teacher on this data first"
        )
    return checkpoint
