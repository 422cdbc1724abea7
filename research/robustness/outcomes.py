"""What becomes of a picture on the way that a request takes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from artifact.predictor import Prediction, Predictor
from research.robustness.samples import Sample
from vision.decode import Picture, decode
from vision.errors import ImageError
from vision.input import Input
from vision.preprocess import View, view


@dataclass(frozen=True, slots=True)
class Outcome:
    """A picture and its answer, or why there is none.

    Attributes:
        sample: The picture.
        prediction: None where the file was refused.
        refusal: Why; None where there is a prediction.
    """

    sample: Sample
    prediction: Prediction | None
    refusal: str | None = None

    @property
    def right(self) -> bool:
        """Whether the answer is the picture's label, accepted or not."""
        return self.prediction is not None and self.prediction.label == self.sample.label

    @property
    def accepted(self) -> bool:
        """Whether the model stands by its answer."""
        return self.prediction is not None and self.prediction.accepted

    @property
    def probability(self) -> float:
        """Of the answer; 0 where there is none."""
        return self.prediction.probability if self.prediction else 0.0


def answer(predictor: Predictor, samples: Iterable[Sample]) -> Iterator[Outcome]:
    """Ask about one picture after the other, as the service is asked."""
    for sample in samples:
        try:
            _, seen = look(sample, predictor.manifest.input)
        except ImageError as error:
            yield Outcome(sample, None, str(error))
        except OSError as error:
            yield Outcome(sample, None, f"the file cannot be read: {error.strerror}")
        else:
            (prediction,) = predictor.predict([seen])
            yield Outcome(sample, prediction)


def look(sample: Sample, wanted: Input) -> tuple[Picture, View]:
    """The picture as decoded, and what the network sees of it.

    Raises:
        ImageError: It is refused.
        OSError: The file cannot be read.
    """
    picture = decode(sample.read())
    return picture, view(picture, wanted)
