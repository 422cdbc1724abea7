"""A finished network that teaches a smaller one: knowledge distillation."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from artifact.manifest import Teacher as Taught
from training.checkpoint import finished_weights
from training.config import Places, RunConfig
from training.errors import TeacherError
from training.hardware import uses_bfloat16
from training.networks.architectures import build

_MUST_AGREE = ("dataset", "side", "mode", "train_ratio", "seed")  # or it has seen other images


@dataclass(frozen=True)
class Teacher:
    """What a network learns from, beside the labels.

    Attributes:
        network: In evaluation mode, without gradients.
        weight: Of its answers in the loss; the labels have the rest.
        temperature: By which both networks' logits are divided, to show more than the best class.
        described: For the manifest of who learnt from it.
        autocast: Of its forward pass.
    """

    network: nn.Module
    weight: float
    temperature: float
    described: Taught
    autocast: torch.autocast

    def blend(self, loss: Tensor, logits: Tensor, inputs: Tensor) -> Tensor:
        """The loss with the teacher's part in it.

        Hinton, Vinyals and Dean, "Distilling the knowledge in a neural network"
        (arXiv:1503.02531), section 2: the softened part is multiplied by the temperature's square.

        Args:
            loss: By the labels; a scalar.
            logits: Of the network that learns: [N, classes].
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
    config: RunConfig,
    places: Places,
    shape: tuple[int, int, int],
    classes: int,
    device: torch.device,
) -> Teacher | None:
    """The teacher that the config names; None where it names none.

    Args:
        config: Of the run that wants to learn from it.
        places: Where its run lies.
        shape: Channels, height and width of the input.
        classes: Number of logits.
        device: To put it on.

    Raises:
        TeacherError: It learnt from other images, maybe those that the run is validated on.
        CheckpointError: It has no finished run.
    """
    if config.teacher is None:
        return None
    taught, weights, epoch = finished_weights(places.teacher_folder(config))
    _refuse_other_images(config, taught)
    network = build(taught.shape, shape, classes, taught.seed)
    network.load_state_dict(weights)
    network.eval().requires_grad_(requires_grad=False).to(device)
    return Teacher(
        network.to(memory_format=torch.channels_last),
        config.teacher_weight,
        config.teacher_temperature,
        Taught(
            architecture=taught.architecture,
            config=taught.model_dump(mode="json"),
            epoch=epoch,
            weights_sha256=digest(weights),
        ),
        torch.autocast(device.type, torch.bfloat16, enabled=uses_bfloat16(taught, device)),
    )


def digest(weights: Mapping[str, Tensor]) -> str:
    """SHA-256 of named tensors, in the order of their names."""
    content = hashlib.sha256()
    for name in sorted(weights):
        content.update(name.encode())
        content.update(weights[name].cpu().contiguous().numpy().tobytes())
    return content.hexdigest()


def _refuse_other_images(config: RunConfig, taught: RunConfig) -> None:
    wanted, had = config.model_dump(), taught.model_dump()
    others = [name for name in _MUST_AGREE if wanted[name] != had[name]]
    if others:
        raise TeacherError(
            f"the run of teacher {config.teacher!r} learnt from other images, maybe those that "
            "this one is validated on: "
            + ", ".join(f"{name} {had[name]} in place of {wanted[name]}" for name in others)
        )
