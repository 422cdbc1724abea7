"""What metrics.json, examples.json and filters.json say of a published model."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from artifact.manifest import Count, Part, Positive, Share
from artifact.statistics.paired import PairedDifference

Size = Annotated[int, Field(ge=1)]
LayerKind = Literal["standard", "depthwise", "pointwise"]
FilterFigure = Literal["filters_first", "filters_last"]


class ClassMetrics(Part):
    """One class against all others."""

    label: str
    precision: Share = Field(description="0 where the class is never predicted.")
    recall: Share
    f1: Share
    support: Count = Field(description="Images whose true label this is.")


class MacroMetrics(Part):
    """The unweighted means over all classes."""

    precision: Share
    recall: Share
    f1: Share


class SplitMetrics(Part):
    """One network on one part of the data set."""

    accuracy: Share
    loss: float = Field(ge=0, description="Mean cross-entropy in nats.")
    macro: MacroMetrics
    per_class: tuple[ClassMetrics, ...]
    confusion_matrix: tuple[tuple[Count, ...], ...] = Field(
        description="Counts: rows are true labels, columns are predicted ones."
    )
    interval: tuple[Share, Share] = Field(description="Wilson's 95% interval of the accuracy.")
    calibration_error: Share = Field(
        description="Expected calibration error over 15 equal-width bins of confidence."
    )

    @model_validator(mode="after")
    def _has_a_row_and_a_column_for_each_class(self) -> Self:
        classes = len(self.per_class)
        if [len(row) for row in self.confusion_matrix] != [classes] * classes:
            raise ValueError(f"the confusion matrix must be of {classes} x {classes} classes")
        return self


class Bin(Part):
    """The images of one range of confidence."""

    low: Share = Field(description="The range is open here.")
    high: Share = Field(description="The range is closed here.")
    images: Positive
    confidence: Share = Field(description="Mean probability of the predicted label.")
    accuracy: Share


class Reliability(Part):
    """Accuracy against confidence."""

    calibration_error: Share = Field(
        description="Expected calibration error over 15 equal-width bins of confidence."
    )
    bins: tuple[Bin, ...] = Field(description="Those with images, from unsure to sure.")


class Calibration(Part):
    """What the temperature, which was fitted on validation, does to the test images."""

    before: Reliability = Field(description="At temperature 1.")
    after: Reliability = Field(description="As served.")


class Quantised(Part):
    """The onnx-int8 file on the test images."""

    test: SplitMetrics
    against_float: PairedDifference = Field(
        description="First is the onnx-int8 file, second the network that it was made of."
    )


class Seeds(Part):
    """The same configuration trained from several seeds, this model among them."""

    test_accuracy: dict[int, Share] = Field(description="By seed.")
    validation_accuracy: dict[int, Share] | None = Field(
        None, description="By seed: the best one is published. Null where it was not noted."
    )
    mean: Share
    standard_deviation: float = Field(ge=0, description="Of a sample: divided by n - 1.")


class Epoch(Part):
    """One pass over the training images."""

    epoch: Positive
    learning_rate: float = Field(ge=0, description="At the end of the epoch.")
    train_loss: float
    train_accuracy: Share = Field(description="On augmented images, while the weights move.")
    validation_loss: float
    validation_accuracy: Share
    seconds: float = Field(ge=0)


class Metrics(Part):
    """The whole of metrics.json."""

    train: SplitMetrics = Field(description="On the training images as they are, not augmented.")
    validation: SplitMetrics
    test: SplitMetrics = Field(description="Evaluated once, after the epoch had been chosen.")
    curves: tuple[Epoch, ...]
    calibration: Calibration | None = Field(None, description="Null where it was not published.")
    quantised: Quantised | None = Field(None, description="Null where there is no onnx-int8 file.")
    seeds: Seeds | None = Field(None, description="Null where only one is known.")


class Example(Part):
    """One test image and what the network made of it."""

    index: Count = Field(description="0-based position in the data set's test part.")
    true: str
    predicted: str
    probability: Share = Field(description="Of the predicted label.")
    disputed: bool = Field(
        False,
        description="People who looked at it agree on another label than the data set's, which "
        "counts all the same.",
    )


class Examples(Part):
    """The whole of examples.json."""

    correct: tuple[Example, ...] = Field(description="Drawn at random, some of each class.")
    wrong: tuple[Example, ...] = Field(description="All of them, the most confident first.")


class FilterLayer(Part):
    """One convolution layer."""

    name: str = Field(description="Of the module, as the eager network knows it.")
    kind: LayerKind = Field(
        description="`depthwise`: one filter a channel; `pointwise`: 1x1, mixes channels only; "
        "`standard`: both at once."
    )
    shape: tuple[Size, Size, Size, Size] = Field(
        description="Of the weight: output channels, input channels that each of them reads, "
        "kernel height, kernel width."
    )
    figure: FilterFigure | None = Field(description="The figure that draws it; null where none.")


class Filters(Part):
    """The whole of filters.json."""

    layers: tuple[FilterLayer, ...] = Field(description="From input to output.")
