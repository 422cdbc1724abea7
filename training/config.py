"""What decides a run's result, in one frozen model that is stored with the run."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from artifact.manifest import Name, Part
from training.augmentation import Augmentation
from training.networks.architectures import Architecture, architecture
from training.networks.blocks import Activation, Downsampling, Pooling

DatasetName = Literal[
    "digits", "mnist", "fashion-mnist", "kmnist", "qmnist", "emnist-digits", "folder"
]
OptimizerName = Literal["sgd", "adam", "adamw", "rmsprop", "adadelta"]
ScheduleName = Literal["constant", "step", "cosine", "onecycle"]
LossName = Literal["cross-entropy", "label-smoothing", "focal", "squared-error"]
Precision = Literal["auto", "float32", "bfloat16"]
Mode = Literal["L", "RGB"]

_FEWEST_STEPS: Final = 8  # in an epoch
_SMALLEST_BATCH: Final = 8  # images


class RunConfig(Part):
    """One training run. The same values on the same machine give the same weights."""

    architecture: str = Field(
        "mobilenet",
        description="mobilenet, conv, conv1-mobile3, conv3-mobile1, or a mix as conv2-mobile2.",
    )
    widths: tuple[Annotated[int, Field(ge=1)], ...] = Field(
        (), description="Output channels of each block; by default the architecture's own."
    )
    activation: Activation = Field(
        "relu",
        description="After every normalisation: hardswish is smoother, relu a little faster.",
    )
    downsampling: Downsampling = Field(
        "stride",
        description="How MobileNet blocks shrink their maps: an average forgets less than a stride "
        "and takes longer.",
    )
    pooling: Pooling = Field(
        "average",
        description="Of the last block's maps: weighted knows where something lies, average only "
        "that it is there.",
    )
    dataset: DatasetName = Field("digits", description="What to learn; digits needs no download.")
    side: int = Field(
        28, ge=8, le=512, description="Height and width of a folder's pictures; others have theirs."
    )
    mode: Mode = Field("L", description="Of a folder's pictures: grey or colour.")
    train_ratio: float = Field(
        0.8, gt=0, lt=1, description="Training share of the images that are not test images."
    )
    epochs: int = Field(20, ge=1, description="Passes over the training images.")
    batch_size: int = Field(
        64,
        ge=2,
        description="Images in one step of the optimizer; of so few that an epoch would have less "
        "than 8 steps, an eighth of them, but 8 at least.",
    )
    optimizer: OptimizerName = Field("adamw", description="sgd has Nesterov momentum.")
    learning_rate: float = Field(0.01, gt=0, description="Its peak, where the schedule has one.")
    momentum: float = Field(0.9, ge=0, lt=1, description="Of sgd and rmsprop.")
    weight_decay: float = Field(
        0.01, ge=0, description="Of convolution and linear weights; biases and norms have none."
    )
    schedule: ScheduleName = Field(
        "onecycle", description="How the learning rate moves; step divides it by 10 twice."
    )
    loss: LossName = Field("cross-entropy", description="What is minimised.")
    teacher: str | None = Field(
        None,
        description="Architecture whose finished run of the same data, split and seed teaches "
        "this one, beside the labels; none by default.",
    )
    teacher_weight: float = Field(
        0.7, gt=0, le=1, description="Of the teacher's answers in the loss, if there is one."
    )
    teacher_temperature: float = Field(
        2.0, gt=0, description="Softens both networks' answers, if there is a teacher."
    )
    outlier_weight: float = Field(
        0.0, ge=0, description="Of the loss on pictures that are of no class; 0 is off."
    )
    outlier_share: float = Field(
        0.25, gt=0, le=1, description="Of such pictures, to the batch's own, if they are on."
    )
    ema_decay: float = Field(
        0.999, ge=0, lt=1, description="Of the moving average of the weights; 0 is off."
    )
    augmentation: Augmentation = Field(
        Augmentation(), description="How training images are changed."
    )
    seed: int = Field(0, ge=0, description="Of the split, the weights, the order, the changes.")
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1 ...; auto prefers a GPU.")
    threads: int = Field(1, ge=1, description="Of one operation on the CPU.")
    precision: Precision = Field(
        "auto",
        description="Of training's forward pass; auto is bfloat16 where standard convolutions "
        "dominate and the processor has the instructions, else float32.",
    )

    def batch_of(self, images: int) -> int:
        """How many of that many training images are in one step.

        In a step or two an epoch, the statistics of the normalisation layers fall behind the
        weights: the network is right in training mode and at chance level in use.
        """
        return min(self.batch_size, max(_SMALLEST_BATCH, images // _FEWEST_STEPS))

    @property
    def shape(self) -> Architecture:
        """What the network is made of."""
        named = architecture(self.architecture)
        return replace(
            named,
            widths=self.widths or named.widths,
            activation=self.activation,
            downsampling=self.downsampling,
            pooling=self.pooling,
        )

    @field_validator("architecture", "teacher")
    @classmethod
    def _is_known(cls, name: str | None) -> str | None:
        if name is not None:
            architecture(name)
        return name

    @field_validator("widths")
    @classmethod
    def _widths_are_one_a_block(
        cls, widths: tuple[int, ...], others: ValidationInfo
    ) -> tuple[int, ...]:
        if widths and "architecture" in others.data:
            replace(architecture(others.data["architecture"]), widths=widths)  # says how many
        return widths


class Places(Part):
    """Where a run reads and writes: decides nothing of its result, and is published nowhere."""

    data_dir: Path = Field(
        Path("data"), description="Holds the data set, or it is downloaded to there."
    )
    runs_dir: Path = Field(Path("runs"), description="Checkpoints, one folder a run.")
    models_dir: Path = Field(Path("models"), description="The model repository to publish to.")
    run_name: Name | None = Field(
        None, description="Folder of the run; by default from what it trains, and on which data."
    )
    model_name: Name | None = Field(
        None,
        description="To publish as; by default the architecture's, after the data set's or the "
        "folder's if that is not mnist.",
    )

    def run_folder(self, config: RunConfig, data_sha256: str) -> Path:
        """Where that run keeps its checkpoint."""
        return self.runs_dir / (
            self.run_name or _default_run(config.architecture, config, data_sha256)
        )

    def teacher_folder(self, config: RunConfig, data_sha256: str) -> Path:
        """Where the run of that run's teacher keeps its checkpoint."""
        teacher = config.teacher or config.architecture
        return self.runs_dir / _default_run(teacher, config, data_sha256)

    def published_name(self, config: RunConfig, dataset: str) -> str:
        """The model's name: two data sets never share one by accident."""
        prefix = "" if config.dataset == "mnist" else f"{slug(dataset)}-"
        return self.model_name or f"{prefix}{config.architecture}"


def _default_run(name: str, config: RunConfig, data_sha256: str) -> str:
    digest = f"-{data_sha256[:8]}" if config.dataset == "folder" else ""
    return f"{name}-{config.dataset}{digest}-seed{config.seed}"


def slug(dataset: str) -> str:
    """The name of a data set as a part of a model's name, or a folder's."""
    return re.sub(r"[^a-z0-9._]+", "-", dataset.lower()).strip("-._")[:60] or "own"
