"""What only the HTTP API says; the rest of its answers are the artifact's own documents."""

from typing import Literal

from pydantic import ConfigDict, Field

from artifact.datasets import DatasetDescription
from artifact.manifest import Finding, FindingName, Part, RuntimeId, Share
from artifact.metrics import Epoch, Example, LayerKind
from artifact.predictor import Reason
from vision.preprocess import Polarity


class Detail(Part):
    """Why a request was refused."""

    detail: str = Field(description="What was wrong, and what is accepted.")


class OfModel(Part):
    """What is said of one version of a model."""

    model: str
    version: int


class Explanation(Part):
    """What the network saw of a picture: where an answer is wrong, this shows why."""

    seen: str = Field(description="The network's input as a PNG file, base64.")
    box: tuple[int, int, int, int] | None = Field(
        description="Of the digit in the picture sent: left, top, right, bottom, in pixels; null "
        "where none was looked for or found."
    )
    polarity: Polarity | None = Field(description="Of the digit; null as for the box.")


class Answer(OfModel):
    """What one model says of one picture."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "model": "mobilenet",
                    "version": 1,
                    "runtime": "onnx",
                    "label": "7",
                    "probability": 0.52,
                    "probabilities": {"1": 0.47, "2": 0.01, "7": 0.52},
                    "accepted": False,
                    "reason": "not-a-digit",
                    "findings": [],
                }
            ]
        }
    )

    runtime: RuntimeId
    label: str = Field(description="The most probable class.")
    probability: Share = Field(description="Of that class.")
    probabilities: dict[str, Share] = Field(description="Of every class; they sum to 1.")
    accepted: bool = Field(description="Whether the picture is one that the model can answer for.")
    reason: Reason | None = Field(
        description="Why it is not: nothing to see, several things, or no digit."
    )
    findings: list[FindingName] = Field(
        description="What is wrong with the model, which was published all the same; its manifest "
        "says more."
    )
    explanation: Explanation | None = Field(
        default=None, description="Only where it was asked for, by `explain=true`."
    )


class Refusal(Detail):
    """In a batch, what stands in the place of the answer for a picture that is refused."""

    status: int = Field(description="The status it would have had alone.")


class BatchAnswer(Part):
    """One answer for each picture, in the order in which they were sent."""

    answers: list[Answer | Refusal]


class ComparedAnswer(Answer):
    """What one of several models says of the same picture."""

    milliseconds: float | None = Field(
        default=None, description="That its network took; only where `explain=true` asks for it."
    )


class SharedExplanation(Explanation):
    """What all models saw that see pictures the same way."""

    models: list[str] = Field(description="Their names.")


class Comparison(Part):
    """What several models say of the same picture."""

    agree: bool = Field(description="Whether all of them name the same label.")
    answers: list[ComparedAnswer] = Field(
        description="In the order of the names asked for, or of all names."
    )
    explanations: list[SharedExplanation] | None = Field(
        default=None, description="One for each preprocessing; only by `explain=true`."
    )


class ModelSummary(Part):
    """The headline figures of a model; null where it was published without them."""

    name: str
    version: int = Field(description="The highest, which answers unless another is asked for.")
    versions: list[int] = Field(description="Every published one, the highest first.")
    default: bool = Field(description="Whether it answers where a request names no model.")
    dataset: str = Field(description="What it learnt from; of a folder of pictures, its name.")
    labels: list[str]
    test_images: int = Field(description="Pictures that the accuracy rests on.")
    folds: int | None = Field(
        description="Of a cross-validation; null where the test images were set aside."
    )
    runtimes: list[RuntimeId] = Field(description="Open here, the default one first.")
    parameters: int
    macs: int = Field(description="Multiply-accumulate operations for one picture.")
    bytes: dict[RuntimeId, int] = Field(description="Size of the model file.")
    accuracy: Share | None = Field(description="On the test images.")
    interval: tuple[Share, Share] | None = Field(
        description="Wilson's 95% interval of the accuracy."
    )
    quantised_accuracy: Share | None = Field(
        description="Of the onnx-int8 file, on the test images; null where there is none."
    )
    macro_f1: Share | None = Field(description="On the test images.")
    p50_ms: dict[RuntimeId, float] = Field(
        description="Recorded median time for one picture, model only."
    )
    findings: list[Finding] = Field(
        description="What is wrong with the model, which was published all the same."
    )


class ModelList(Part):
    """Every published model, names in order."""

    models: list[ModelSummary]


class ConfusionMatrix(Part):
    """Of the test images. Rows are true labels, columns are predicted ones."""

    labels: list[str] = Field(description="Of the rows and of the columns.")
    rows: Literal["true"] = "true"
    columns: Literal["predicted"] = "predicted"
    counts: list[list[int]]
    row_normalised: list[list[Share]] = Field(
        description="Each row over its sum: the shares of the images of one true label; the "
        "diagonal is the recall. 0 where a label has no image."
    )


class Curves(Part):
    """Loss and accuracy, epoch by epoch."""

    chosen_epoch: int = Field(description="The one that was published: the best on validation.")
    epochs: list[Epoch]


class Layer(Part):
    """One convolution layer."""

    name: str
    kind: LayerKind
    shape: tuple[int, int, int, int]
    picture: str | None = Field(description="Where its filters are drawn; null where they are not.")


class LayerList(Part):
    """Every convolution layer, from input to output."""

    layers: list[Layer]


class ExampleList(Part):
    """Test images with what the model made of them."""

    total: int = Field(description="How many of that kind were published.")
    examples: list[Example]


class OtherAnswer(Part):
    """What another model made of the same test image."""

    predicted: str
    probability: Share = Field(description="Of the predicted label.")


class ComparedExample(Example):
    """One test image and what one or two models made of it."""

    against: OtherAnswer | None = Field(
        None, description="The other model's answer; null where none was asked for."
    )


class PredictionPage(Part):
    """Some of a model's answers to its test pictures."""

    total: int = Field(description="How many pictures there are of what was asked for.")
    dataset: str | None = Field(
        description="Where the pictures are: `GET /datasets/{dataset}/test-pictures/{index}`; "
        "null where they were not published."
    )
    predictions: list[ComparedExample]


class DatasetHeadline(Part):
    """A data set whose test pictures are published."""

    name: str
    title: str = Field(description="As the models' manifests call it.")
    count: int = Field(description="Test pictures.")
    classes: int
    mode: Literal["L", "RGB"] = Field(description="Grey or colour.")
    side: int = Field(description="Height and width of a picture, in pixels.")
    source: str = Field(description="Who made the pictures, and where they are found.")
    licence: str | None = Field(description="Null where only their owner knows.")
    models: list[str] = Field(description="Names of the models that were tested on them.")
    link: str


class DatasetList(Part):
    """Every data set whose test pictures are published, names in order."""

    datasets: list[DatasetHeadline]


class PictureSet(DatasetDescription):
    """The test pictures of a data set, which lie in sheets, row by row."""

    name: str
    count: int
    mode: Literal["L", "RGB"] = Field(description="Grey or colour.")
    side: int = Field(description="Height and width of a picture, in pixels.")
    columns: int = Field(
        description="Pictures in a row, and rows of a full sheet: picture `i` lies on sheet "
        "`i // columns**2`."
    )
    sheets: list[str] = Field(description="Links, in order.")


class Live(Part):
    """The process answers."""

    live: Literal[True] = True


class Ready(Part):
    """The models answer."""

    ready: Literal[True] = True
    models: list[str] = Field(description="Every loaded model and version.")
    runtimes: list[RuntimeId] = Field(description="Those that at least one model is open on.")
    missing_runtimes: dict[RuntimeId, str] = Field(
        description="Those that cannot be had here, and why."
    )
    broken: dict[str, str] = Field(
        description="What is published and not served: models, versions, files, studies, and why."
    )
