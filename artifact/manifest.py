"""What manifest.json says of a published model.

Every part is a frozen pydantic model that refuses unknown keys, so that a reader which does not
know a field fails loudly instead of serving half of what was meant. Every number is finite and
bounded: what the service makes of it is JSON, which knows neither NaN nor Infinity.
"""

import json
from typing import Annotated, Final, Literal, Self, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    JsonValue,
    Tag,
    field_validator,
    model_validator,
)

from vision.input import Input

_EXACT: Final = 2**53  # up to here, every reader of JSON keeps whole numbers as they are


def _finite(value: JsonValue) -> JsonValue:
    json.dumps(value, allow_nan=False)
    return value


Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$", max_length=100)]
Version = Annotated[int, Field(ge=1, lt=10**9)]
Label = Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]
Count = Annotated[int, Field(ge=0, le=_EXACT)]
Positive = Annotated[int, Field(ge=1, le=_EXACT)]
Json = Annotated[JsonValue, AfterValidator(_finite)]
RuntimeId = Literal["onnx", "onnx-int8", "torchscript"]
SHA256 = r"^[0-9a-f]{64}$"
ScoreName = Literal["max-softmax", "energy", "max-logit"]
FindingName = Literal[
    "dead-output",
    "rarely-predicted",
    "evaluation-differs",
    "double-softmax",
    "chance-level",
    "metrics-disagree",  # this and the next one are found no more; older manifests have them
    "missing-class",
]
Share = Annotated[float, Field(ge=0, le=1)]

FigureRole = Literal[
    "curves",
    "confusion_matrix",
    "filters_first",
    "filters_last",
    "examples_correct",
    "examples_wrong",
    "reliability",
]
DocumentRole = Literal["metrics", "examples", "predictions", "benchmark", "filters"]
Role = RuntimeId | DocumentRole | FigureRole

MODEL_FILES: dict[RuntimeId, str] = {
    "onnx": "model.onnx",
    "onnx-int8": "model.int8.onnx",
    "torchscript": "model.torchscript.pt",
}
PATHS: dict[Role, str] = {
    **dict[Role, str](MODEL_FILES.items()),
    **{role: f"{role}.json" for role in get_args(DocumentRole)},
    **{role: f"figures/{role}.png" for role in get_args(FigureRole)},
}


class Part(BaseModel):
    """A frozen part of a document or a command; unknown keys, NaN and Infinity are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Cost(Part):
    """What any network costs, whatever it is made of."""

    parameters: Positive = Field(description="Weights, trained here or before.")
    macs: Positive = Field(description="Multiply-accumulate operations for one picture.")


class Blocks(Cost):
    """A stem, convolution blocks and one linear layer: shapes can be compared without loading."""

    kind: Literal["blocks"] = "blocks"
    blocks: tuple[str, ...] = Field(description="Kind of each block, from input to output.")
    stem: Positive = Field(description="Channels of the standard convolution before the blocks.")
    stem_kernel: Positive = Field(3, description="Side of that convolution's filters.")
    stem_stride: Positive = Field(1, description="Of that convolution.")
    widths: tuple[Positive, ...] = Field(description="Output channels of each block.")
    strides: tuple[Positive, ...] = Field(description="Stride of each block.")
    residual: bool = Field(
        default=False, description="Whether a block that leaves the shape adds to its input."
    )
    activation: Literal["relu", "hardswish"] = Field(
        "relu", description="What follows every normalisation."
    )
    downsampling: Literal["stride", "average"] = Field(
        "stride", description="How a MobileNet block shrinks its maps."
    )
    pooling: Literal["average", "weighted"] = Field(
        "average", description="What makes one value of each of the last block's maps."
    )


class Linear(Cost):
    """One linear layer on features that were not learnt from these pictures."""

    kind: Literal["linear"] = "linear"
    features: Literal["pixels", "hog-colour", "mobilenet-v3-small", "efficientnet-lite0"] = Field(
        description="What is computed of a picture; the last two learnt from ImageNet."
    )
    width: Positive = Field(description="Features of one picture.")


class Library(Cost):
    """A network of a library, by its name there."""

    kind: Literal["library"] = "library"
    network: str = Field(description="As the library names it.")
    pretrained: str | None = Field(
        None, description="What its weights learnt from before these pictures; null for nothing."
    )


def _kind(architecture: object) -> str:
    """Models that were published before there were several kinds have blocks and say no kind."""
    told = architecture.get("kind") if isinstance(architecture, dict) else None
    return str(told or getattr(architecture, "kind", "blocks"))


Architecture = Annotated[
    Annotated[Blocks, Tag("blocks")]
    | Annotated[Linear, Tag("linear")]
    | Annotated[Library, Tag("library")],
    Discriminator(_kind),
]


class RejectionPoint(Part):
    """What one threshold would accept."""

    threshold: float
    accepted: Share = Field(description="Of the validation pictures.")
    outliers: dict[str, Share] = Field(description="Of the outliers, kind by kind.")


class Separation(Part):
    """How well the score tells the known from outliers that nothing was fitted on."""

    pictures: int = Field(ge=1, description="Outliers of each kind that reached the network.")
    auroc: Share = Field(
        description="Chance that a validation picture scores higher than an outlier of any kind."
    )
    auroc_by_kind: dict[str, Share]
    curve: tuple[RejectionPoint, ...] = Field(description="From the lowest threshold up.")


class Rejection(Part):
    """When an answer is withheld: the score falls below the threshold."""

    score: ScoreName = Field(
        description="Computed from the logits of one picture, divided by the temperature."
    )
    threshold: float = Field(description="Below it the picture is not accepted.")
    accepted: Share = Field(description="Of the validation pictures.")
    separation: Separation | None = Field(
        None, description="Null where it is not known what is no such picture."
    )


class File(Part):
    """One file of the folder."""

    path: str = Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*(/[A-Za-z0-9_][A-Za-z0-9_.-]*)*$",
        description="Relative to the manifest, with forward slashes.",
    )
    sha256: str = Field(pattern=SHA256, description="Of the file's bytes.")
    bytes: int = Field(ge=0, lt=2**31, description="Length of the file.")


class Split(Part):
    """How many images each part of the data set has, and how they were drawn."""

    train: int = Field(ge=1)
    validation: int = Field(ge=1)
    test: int = Field(ge=1)
    ratio: float = Field(gt=0, lt=1, description="Training share of what is not test.")
    seed: int = Field(description="Of the stratified draw.")
    test_sha256: str | None = Field(
        None,
        pattern=SHA256,
        description="Of the test images and labels, a folder's as they were stored: models of one "
        "digest saw the same, at whatever size; null where it was not noted.",
    )
    folds: int | None = Field(
        None,
        ge=2,
        description="Of a cross-validation: every picture was a test picture once, for a network "
        "that had not learnt from it; the published one learnt from all. Null where one part was "
        "set aside.",
    )


class Teacher(Part):
    """The network whose answers the weights were also learnt from."""

    architecture: str
    config: dict[str, Json] = Field(description="The whole configuration of its run.")
    epoch: int = Field(ge=1, description="Of that run: the best on validation.")
    weights_sha256: str = Field(pattern=SHA256, description="Of its weights, by name.")


class Provenance(Part):
    """Where the weights come from."""

    commit: str | None = Field(description="Of the training code; null outside a checkout.")
    seed: int
    config: dict[str, Json] = Field(description="The whole run configuration.")
    dataset: str = Field(description="Its name; of a folder of pictures, the folder's.")
    data_sha256: str | None = Field(
        None,
        pattern=SHA256,
        description="Of every picture as it was stored, with its label: models of one digest are "
        "of one data set; null where it was not noted.",
    )
    split: Split
    epoch: int = Field(ge=1, description="The epoch published: the best on validation.")
    teacher: Teacher | None = Field(None, description="Null where the labels alone taught.")
    libraries: dict[str, str] = Field(description="Version of each library that had a part.")
    hardware: str
    seconds: float = Field(ge=0, description="Wall-clock time of training.")


class Parity(Part):
    """The exported files against the eager network, on encoded pictures through the service."""

    images: int = Field(ge=1)
    max_abs_diff: dict[RuntimeId, float] = Field(description="Largest difference of two logits.")
    tolerance: float = Field(gt=0, description="For runtimes that claim the same arithmetic.")
    agreement: dict[RuntimeId, Share] = Field(
        {}, description="Of the others: images that they name as the network does."
    )


class Quantization(Part):
    """How the onnx-int8 file was made of the onnx file."""

    weights: Literal["int8 per channel"] = "int8 per channel"
    activations: Literal["uint8"] = "uint8"
    calibration: Literal["minmax", "entropy", "percentile"] = Field(
        description="How the range of each activation was chosen."
    )
    images: int = Field(ge=1, description="Training images that it was chosen on.")


class Finding(Part):
    """Something wrong with the network, whatever its accuracy says."""

    name: FindingName
    message: str = Field(description="What was seen, in words.")
    evidence: dict[str, Json] = Field(description="The figures that it rests on.")


class Manifest(Part):
    """The description of one published model: manifest.json."""

    schema_version: Literal[1] = 1
    name: Name
    version: Version
    architecture: Architecture
    labels: Annotated[tuple[Label, ...], Field(min_length=2, max_length=100_000)]
    input: Input
    temperature: float = Field(
        ge=1e-3, le=1e3, description="Logits are divided by it before the softmax."
    )
    rejection: Rejection | None
    files: dict[Role, File] = Field(description="By role, for example `onnx` or `metrics`.")
    provenance: Provenance
    parity: Parity
    quantization: Quantization | None = Field(
        None, description="Null where there is no onnx-int8 file."
    )
    findings: tuple[Finding, ...] = Field(
        (), description="What is wrong with the network; it was published by an explicit override."
    )

    @field_validator("labels")
    @classmethod
    def _differ(cls, labels: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(labels)) < len(labels):
            raise ValueError("the labels must differ from each other")
        return labels

    @model_validator(mode="after")
    def _lie_where_their_roles_say(self) -> Self:
        for role, file in self.files.items():
            if file.path != PATHS[role]:
                raise ValueError(f"the file for {role} is {PATHS[role]}, not {file.path}")
        return self

    @property
    def runtimes(self) -> tuple[RuntimeId, ...]:
        """The runtimes that this model has a file for, the default one first."""
        return tuple(runtime for runtime in MODEL_FILES if runtime in self.files)

    @property
    def evidence(self) -> tuple[Role, ...]:
        """The documents and figures that this model was published with."""
        return tuple(role for role in self.files if role not in MODEL_FILES)
