"""What several resources answer; the rest stands with their routes, or is the artifact's own."""

from pydantic import ConfigDict, Field

from artifact.manifest import FindingName, Part, RuntimeId, Share
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
