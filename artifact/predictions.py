"""What predictions.json says: a model's answer to every test picture, and choosing among them."""

from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from artifact.manifest import Count, Label, Part, Share
from artifact.metrics import Example

Outcome = Literal["right", "wrong"]
Order = Literal["most-confident", "least-confident", "index"]
Indices = NDArray[np.int64]

_DIGITS = 6  # that a probability is rounded to


class Predictions(Part):
    """The whole of predictions.json: the test pictures in the order of the data set."""

    labels: Annotated[tuple[Label, ...], Field(min_length=2)] = Field(
        description="Name of each class."
    )
    true: tuple[Count, ...] = Field(description="Class of each test picture, by its place.")
    predicted: tuple[Count, ...] = Field(description="What the model named, likewise.")
    probability: tuple[Share, ...] = Field(
        description="Of what it named, divided by the temperature first: as it is served."
    )

    @model_validator(mode="after")
    def _are_of_the_same_pictures_and_classes(self) -> Self:
        if not len(self.true) == len(self.predicted) == len(self.probability):
            raise ValueError("true, predicted and probability must be of the same pictures")
        if max((*self.true, *self.predicted), default=0) >= len(self.labels):
            raise ValueError(f"a class is above {len(self.labels) - 1}, the last of the labels")
        return self

    @classmethod
    def of(
        cls, labels: tuple[str, ...], true: NDArray[np.integer], probabilities: NDArray[np.floating]
    ) -> "Predictions":
        """Those of every test picture."""
        return cls(
            labels=labels,
            true=tuple(true.tolist()),
            predicted=tuple(probabilities.argmax(axis=1).tolist()),
            probability=tuple(np.round(probabilities.max(axis=1).astype(float), _DIGITS).tolist()),
        )

    def __len__(self) -> int:
        return len(self.true)

    @property
    def right(self) -> NDArray[np.bool_]:
        """Whether each picture is named rightly, [N]."""
        right: NDArray[np.bool_] = np.array(self.true) == np.array(self.predicted)
        return right

    @property
    def confusion_matrix(self) -> Indices:
        """Counts, [K, K]: rows are true classes, columns are predicted ones."""
        counts = np.zeros((len(self.labels), len(self.labels)), np.int64)
        np.add.at(counts, (np.array(self.true), np.array(self.predicted)), 1)
        return counts

    def with_outcome(self, outcome: Outcome | None) -> NDArray[np.bool_]:
        """Which pictures are named so, [N]; all of them where none is asked for."""
        if outcome is None:
            return np.ones(len(self), bool)
        return self.right if outcome == "right" else ~self.right

    def ordered(self, chosen: NDArray[np.bool_], order: Order) -> Indices:
        """Places of the chosen pictures; of equal confidence, the first one first."""
        places = np.flatnonzero(chosen)
        if order == "index":
            return places
        confidence = np.array(self.probability)[places]
        sign = -1 if order == "most-confident" else 1
        return places[np.argsort(sign * confidence, kind="stable")]

    def example(self, place: int, disputed: frozenset[int]) -> Example:
        """One test picture and what the model made of it."""
        return Example(
            index=place,
            true=self.labels[self.true[place]],
            predicted=self.labels[self.predicted[place]],
            probability=self.probability[place],
            disputed=place in disputed,
        )
