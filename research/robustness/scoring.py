"""Predictions for pictures, and the scores computed from them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

import numpy as np

from artifact.manifest import Finding
from artifact.predictor import Predictor
from artifact.statistics.proportions import wilson_interval
from research.robustness.report import Mistake, Score, SetReport, SourceScore
from research.robustness.samples import Sample, SetName
from training.evaluation.evaluate import calibration_error
from training.evaluation.flaws import rarely_right
from vision.decode import Picture, decode
from vision.errors import ImageError
from vision.input import Input
from vision.preprocess import View, view


@dataclass(frozen=True, slots=True)
class PictureAnswer:
    """A picture and its answer, or why there is none."""

    sample: Sample
    predicted: str | None  # None where the file was refused
    probability: float = 0.0  # of the answer; 0 where there is none
    accepted: bool = False  # whether the model stands by its answer
    reason: str | None = None  # why it does not, or why the file was refused

    @property
    def correct(self) -> bool:
        """Whether the answer is the picture's label, accepted or not."""
        return self.predicted == self.sample.label


def predict(predictor: Predictor, samples: Iterable[Sample]) -> Iterator[PictureAnswer]:
    """Predict picture by picture, on the path of a service request."""
    for sample in samples:
        try:
            _, seen = see(sample, predictor.manifest.input)
        except ImageError as error:
            yield PictureAnswer(sample, None, reason=str(error))
        except OSError as error:
            reason = f"the file cannot be read: {error.strerror}"
            yield PictureAnswer(sample, None, reason=reason)
        else:
            (said,) = predictor.predict([seen])
            yield PictureAnswer(sample, said.label, said.probability, said.accepted, said.reason)


def see(sample: Sample, spec: Input) -> tuple[Picture, View]:
    """The picture as decoded, and what the network sees of it.

    Raises:
        ImageError: It is refused.
        OSError: The file cannot be read.
    """
    picture = decode(sample.read())
    return picture, view(picture, spec)


def report_set(name: SetName, answers: Sequence[PictureAnswer]) -> SetReport:
    """Score all answers of one set, at least one, as a whole and by source."""
    source_of = attrgetter("sample.source")
    sources = tuple(
        SourceScore(source=source, score=score([*group]))
        for source, group in groupby(sorted(answers, key=source_of), source_of)
    )
    return SetReport(
        name=name,
        whole=score(answers),
        sources=sources,
        mean_over_sources=float(np.mean([source.score.accuracy for source in sources])),
        mistakes=tuple(_mistake(answer) for answer in worst_first(answers) if not answer.correct),
        findings=tuple(_rarely_right(name, answers)),
    )


def score(answers: Sequence[PictureAnswer]) -> Score:
    """Count and measure answers, at least one."""
    correct = sum(answer.correct for answer in answers)
    answered = [answer for answer in answers if answer.predicted is not None]
    confidence = np.array([answer.probability for answer in answered])
    # For the calibration, the answer is class 0 of two, and correct or not.
    two_classes = np.stack([confidence, np.zeros_like(confidence)], axis=1)
    wrong = np.array([not answer.correct for answer in answered], int)
    return Score(
        pictures=len(answers),
        correct=correct,
        accuracy=correct / len(answers),
        interval=wilson_interval(correct, len(answers)),
        accepted=sum(answer.accepted for answer in answers),
        accepted_correct=sum(answer.accepted and answer.correct for answer in answers),
        refused=len(answers) - len(answered),
        confidence=float(confidence.mean()) if answered else None,
        calibration_error=calibration_error(two_classes, wrong) if answered else None,
    )


def worst_first(answers: Iterable[PictureAnswer]) -> list[PictureAnswer]:
    """Order: refused, wrong from the most confident on, correct from the least confident on."""

    def urgency(answer: PictureAnswer) -> tuple[int, float]:
        if answer.predicted is None:
            return 0, 0.0
        return (2, answer.probability) if answer.correct else (1, -answer.probability)

    return sorted(answers, key=urgency)


def _rarely_right(name: SetName, answers: Sequence[PictureAnswer]) -> Iterator[Finding]:
    pictures = Counter(answer.sample.label for answer in answers)
    correct = Counter(answer.sample.label for answer in answers if answer.correct)
    for label in sorted(pictures):
        yield from rarely_right(label, correct[label], pictures[label], name)


def _mistake(answer: PictureAnswer) -> Mistake:
    sample = answer.sample
    return Mistake(
        picture=sample.name,
        source=sample.source,
        true=sample.label,
        predicted=answer.predicted,
        probability=None if answer.predicted is None else answer.probability,
        reason=answer.reason,
    )
