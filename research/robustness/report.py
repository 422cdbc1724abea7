"""What evaluation.json says: how each model answers pictures that it was not made from."""

from pydantic import Field

from artifact.manifest import Finding, Name, Part, RuntimeId, Version
from artifact.metrics import Share
from research.robustness.exams import ExamName


class Score(Part):
    """Some pictures and how they were answered; one that was refused counts as wrong."""

    pictures: int = Field(ge=1)
    right: int = Field(ge=0, description="Answered with their label, accepted or not.")
    accuracy: Share
    interval: tuple[Share, Share] = Field(description="Wilson's 95% interval of the accuracy.")
    accepted: int = Field(ge=0, description="Answers that the model stands by.")
    accepted_right: int = Field(ge=0, description="Of these, the right ones.")
    refused: int = Field(ge=0, description="Files that could not be read or decoded.")
    confidence: Share | None = Field(
        description="Mean probability of the answers; null where there is none."
    )
    calibration_error: Share | None = Field(
        description="Expected calibration error over 15 equal-width bins of confidence; null where "
        "there is no answer."
    )


class SourceScore(Part):
    """The pictures of one source."""

    source: str
    score: Score


class Mistake(Part):
    """A picture that was answered wrongly or not at all."""

    picture: str
    source: str
    true: str
    said: str | None = Field(description="Null where the file was refused.")
    probability: Share | None = Field(description="Of what was said.")
    reason: str | None = Field(description="Why the answer was not accepted, or the file refused.")


class ExamReport(Part):
    """One model on one set of pictures."""

    exam: ExamName
    whole: Score
    sources: tuple[SourceScore, ...] = Field(description="By name.")
    mean_over_sources: Share = Field(description="Of the accuracies, each source alike.")
    mistakes: tuple[Mistake, ...] = Field(description="All of them, the most confident first.")
    findings: tuple[Finding, ...] = Field(
        (), description="Labels that the model names for fewer than a fifth of their pictures."
    )


class ModelReport(Part):
    """One model on all sets of pictures."""

    model: Name
    version: Version
    runtime: RuntimeId
    exams: tuple[ExamReport, ...]
    findings: tuple[Finding, ...] = Field(
        (), description="What its manifest says is wrong with the model."
    )

    def __str__(self) -> str:
        return f"{self.model}/{self.version}"


class EvaluationReport(Part):
    """The whole of evaluation.json."""

    seed: int = Field(description="Of the draw of pictures, and of their corruption.")
    models: tuple[ModelReport, ...]
