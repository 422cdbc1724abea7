"""What the answers of one arm say: metrics, examples, and labels that are likely wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from artifact.manifest import Rejection
from artifact.metrics import Examples, Metrics, Quantised, SplitMetrics
from artifact.study import LEVEL
from training.decide.arms.base import Logits
from training.decide.collection.splits import Indices
from training.decide.results import Answers
from training.evaluation.evaluate import (
    calibration,
    choose_examples,
    fit_temperature,
    split_metrics,
)
from training.evaluation.rejection import choose_rejection, score
from training.export.quantization import assess_quantised

_SUSPICIOUS: Final = 0.8  # that another class is more probable than the label
FEWEST_KNOWN: Final = 200  # pictures: of fewer, the five in a hundred that may go are a handful


@dataclass(frozen=True)
class Evidence:
    """Out-of-sample answers of one arm."""

    logits: Logits  # [n, classes], of pictures that were not learnt from
    targets: Indices  # their classes, [n]
    labels: tuple[str, ...]
    temperature: float  # that makes the logits' probabilities most likely

    @classmethod
    def of(cls, answers: Answers) -> "Evidence":
        """Fit the temperature to the answers to all folds."""
        logits, places = answers.pooled
        targets = answers.task.targets[places]
        return cls(logits, targets, answers.task.labels, fit_temperature(logits, targets))

    @property
    def served(self) -> NDArray[np.floating]:
        """The logits as they will be served, [n, classes]."""
        return self.logits / self.temperature

    @property
    def wrong(self) -> frozenset[int]:
        """Places of the pictures that are named wrongly."""
        places = np.flatnonzero(self.logits.argmax(axis=1) != self.targets)
        return frozenset(places.tolist())

    @property
    def probabilities(self) -> NDArray[np.floating]:
        """Of every class, [n, classes]."""
        likely: NDArray[np.floating] = softmax(self.served, axis=1)
        return likely

    @cached_property
    def test(self) -> SplitMetrics:
        """As it will be served."""
        return split_metrics(self.served, self.targets, self.labels)

    def metrics(self, learnt: SplitMetrics, rounded: Logits | None) -> Metrics:
        """The whole of metrics.json."""
        return Metrics(
            train=learnt,
            validation=self.test,
            test=self.test,
            curves=(),
            calibration=calibration(self.logits, self.targets, self.temperature),
            quantised=None if rounded is None else self._quantised(rounded),
        )

    def rejection(
        self, choosing: Mapping[str, Logits], others: Mapping[str, Logits]
    ) -> Rejection | None:
        """Below which score a picture is unfamiliar; None where too few pictures would tell.

        Args:
            choosing: Of pictures of no class that the threshold is chosen with, kind by kind.
            others: Of those that it is judged with.
        """
        if len(self.logits) < FEWEST_KNOWN:
            return None
        scores = (
            {kind: score(logits, self.temperature) for kind, logits in outliers.items()}
            for outliers in (choosing, others)
        )
        return choose_rejection(score(self.logits, self.temperature), *scores)

    def _quantised(self, rounded: Logits) -> Quantised | None:
        measured = assess_quantised(
            rounded, self.logits, self.targets, self.labels, self.temperature
        )
        beside = measured.against_float
        worse = beside.difference < 0 and beside.p_value < LEVEL
        return None if worse else measured

    def examples(self) -> Examples:
        """What a person should look at."""
        return choose_examples(self.served, self.targets, self.labels)

    def suspects(self) -> list[int]:
        """Places of the pictures whose label is likely wrong, the likeliest first.

        Confident disagreement: another class is at least so probable. Northcutt, Jiang and Chuang,
        Confident learning (arXiv:1911.00068), rank by the same margin. Of a class that is mostly
        named wrongly, disagreement says nothing: the network does not know it.
        """
        likely = self.probabilities
        own = likely[np.arange(len(likely)), self.targets]
        margin = likely.max(axis=1) - own
        known = np.array([row.recall > 0.5 for row in self.test.per_class])
        disagrees = likely.argmax(axis=1) != self.targets
        suspected = np.flatnonzero(disagrees & (margin >= _SUSPICIOUS) & known[self.targets])
        return [int(place) for place in suspected[np.argsort(-margin[suspected])]]
