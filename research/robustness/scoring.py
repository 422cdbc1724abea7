"""Predictions for pictures, and the scores computed from them."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from artifact.manifest import Finding
from artifact.predictor import Prediction, Predictor
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
    prediction: Prediction | None  # None where the file was refused
    refusal: str | None = None  # why; None where there is a prediction

    @property
    def correct(self) -> bool:
        """Whether the answer is the picture's label, accepted or not."""
        return self.prediction is not None and self.prediction.label == self.sample.label

    @property
    def accepted(self) -> bool:
        """Whether the model accepts its own answer."""
        return self.prediction is not None and self.prediction.accepted

    @property
    def probability(self) -> float:
        """Of the answer; 0 where there is none."""
        return self.prediction.probability if self.prediction else 0.0


def predict(predictor: Predictor, samples: Iterable[Sample]) -> Iterator[PictureAnswer]:
    """Predict picture by picture, on the path of a service request."""
    for sample in samples:
        try:
            _, seen = see(sample, predictor.manifest.input)
        except ImageError as error:
            yield PictureAnswer(sample, None, str(error))
        except OSError as error:
            yield PictureAnswer(sample, None, f"the file cannot be read: {error.strerror}")
        else:
            (prediction,) = predictor.predict([seen])
            yield PictureAnswer(sample, prediction)


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
    sources = _by_source(answers)
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
    answered = [answer for answer in answers if answer.prediction]
    return Score(
        pictures=len(answers),
        correct=correct,
        accuracy=correct / len(answers),
        interval=wilson_interval(correct, len(answers)),
        accepted=sum(answer.accepted for answer in answers),
        accepted_correct=sum(answer.accepted and answer.correct for answer in answers),
        refused=len(answers) - len(answered),
        confidence=_confidence(answered),
        calibration_error=_calibration_error(answered),
    )


def worst_first(answers: Sequence[PictureAnswer]) -> list[PictureAnswer]:
    """Order: refused, wrong from the most confident on, correct from the least confident on."""

    def urgency(answer: PictureAnswer) -> tuple[int, float]:
        if answer.prediction is None:
            return 0, 0.0
        return (2, answer.probability) if answer.correct else (1, -answer.probability)

    return sorted(answers, key=urgency)


def _rarely_right(name: SetName, answers: Sequence[PictureAnswer]) -> Iterator[Finding]:
    pictures = Counter(answer.sample.label for answer in answers)
    correct = Counter(answer.sample.label for answer in answers if answer.correct)
    for label in sorted(pictures):
        yield from rarely_right(label, correct[label], pictures[label], name)


def _by_source(answers: Sequence[PictureAnswer]) -> tuple[SourceScore, ...]:
    groups: dict[str, list[PictureAnswer]] = {}
    for answer in answers:
        groups.setdefault(answer.sample.source, []).append(answer)
    return tuple(
        SourceScore(source=name, score=score(group)) for name, group in sorted(groups.items())
    )


def _confidence(answered: Sequence[PictureAnswer]) -> float | None:
    return float(np.mean([answer.probability for answer in answered])) if answered else None


def _calibration_error(answered: Sequence[PictureAnswer]) -> float | None:
    """Confidence against accuracy; the answer is class 0 of two, and correct or not."""
    if not answered:
        return None
    probability = np.array([answer.probability for answer in answered])
    wrong = np.array([not answer.correct for answer in answered], int)
    return calibration_error(np.stack([probability, np.zeros_like(probability)], 1), wrong)


def _mistake(answer: PictureAnswer) -> Mistake:
    sample, prediction = answer.sample, answer.prediction
    return Mistake(
        picture=sample.name,
        source=sample.source,
        true=sample.label,
        predicted=prediction.label if prediction else None,
        probability=prediction.probability if prediction else None,
        reason=prediction.reason if prediction else answer.refusal,
    )
