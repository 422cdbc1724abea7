"""Counts at the pace of the requests, handed to Prometheus' client at the pace of its readers.

One update of the client's histogram takes a microsecond, in multiprocess mode three, and a request
makes ten. A list takes a number in some tens of nanoseconds, from any thread without a lock; a
buffer hands over what its list has gathered when Prometheus asks, and twice a second.
"""

from collections.abc import Sequence
from threading import Lock

import numpy as np
from prometheus_client import Counter, Gauge, Histogram


class _Pending:
    """Numbers that Prometheus' client does not know yet.

    Attributes:
        add: Takes one number; any thread may call it.
        add_all: Takes several.
    """

    __slots__ = ("_lock", "_numbers", "add", "add_all")

    def __init__(self) -> None:
        self._numbers: list[float] = []
        self._lock = Lock()  # of those who take out; who adds needs none, as lists only grow then
        self.add = self._numbers.append
        self.add_all = self._numbers.extend

    def _take(self) -> list[float]:
        """Take out what is there; under the lock, so that no other takes the same."""
        taken = self._numbers[:]
        del self._numbers[: len(taken)]
        return taken


class SumBuffer(_Pending):
    """Adds up for a counter, or for a gauge that goes up and down."""

    __slots__ = ("_flushed", "_metric")

    def __init__(self, metric: Counter | Gauge) -> None:
        super().__init__()
        self._metric = metric
        self._flushed = 0.0

    @property
    def total(self) -> int:
        """Everything that was added so far."""
        with self._lock:
            return int(self._flushed + sum(self._numbers))

    def flush(self) -> None:
        """Tell the client what was added since the last time."""
        with self._lock:
            amount = sum(self._take())
            self._flushed += amount
        if amount:
            self._metric.inc(amount)


class BatchHistogram(Histogram):
    """A histogram that takes many observations at once."""

    def observe_all(self, values: Sequence[float]) -> None:
        """Add observations."""
        places = np.searchsorted(self._upper_bounds, values)
        counts = np.bincount(places, minlength=len(self._buckets)).tolist()
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(sum(values))


class HistogramBuffer(_Pending):
    """Gathers observations for a histogram."""

    __slots__ = ("_histogram",)

    def __init__(self, histogram: BatchHistogram) -> None:
        super().__init__()
        self._histogram = histogram

    def flush(self) -> None:
        """Tell the client what was observed since the last time."""
        with self._lock:
            values = self._take()
        if values:
            self._histogram.observe_all(values)
