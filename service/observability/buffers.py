"""Counts at the pace of the requests, handed to Prometheus' client at the pace of its readers.

One update of the client's histogram takes a microsecond, in multiprocess mode three, and a request
makes ten: a buffer adds up plain numbers and flushes them when Prometheus asks, or now and then.
"""

from bisect import bisect_left
from collections.abc import Sequence
from threading import Lock
from typing import Protocol

from prometheus_client import Counter, Gauge, Histogram


class MetricsBuffer(Protocol):
    """Holds numbers that Prometheus' client does not know yet."""

    def flush(self) -> None:
        """Tell the client."""
        ...


class CounterBuffer:
    """The buffer of a counter."""

    __slots__ = ("_counter", "_flushed", "_lock", "total")

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._lock = Lock()
        self._flushed = 0
        self.total = 0

    def add(self, amount: int = 1) -> None:
        """Count that many more."""
        with self._lock:
            self.total += amount

    def flush(self) -> None:
        """Add to the counter what was counted since the last flush."""
        with self._lock:
            unflushed, self._flushed = self.total - self._flushed, self.total
        if unflushed:
            self._counter.inc(unflushed)


class GaugeBuffer:
    """The buffer of a gauge."""

    __slots__ = ("_gauge", "_lock", "value")

    def __init__(self, gauge: Gauge) -> None:
        self._gauge = gauge
        self._lock = Lock()
        self.value = 0

    def add(self, amount: int) -> None:
        """Go up by the amount; down where it is negative."""
        with self._lock:
            self.value += amount

    def flush(self) -> None:
        """Set the gauge."""
        self._gauge.set(self.value)


class BatchHistogram(Histogram):
    """A histogram that takes many observations at once."""

    def add(self, counts: Sequence[int], total: float) -> None:
        """Add observations of that total, given as their counts in each bucket."""
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)
        self._sum.inc(total)


class HistogramBuffer:
    """The buffer of a histogram."""

    __slots__ = ("_bounds", "_counts", "_histogram", "_lock", "_total")

    def __init__(self, histogram: BatchHistogram, bounds: Sequence[float]) -> None:
        self._histogram = histogram
        self._bounds = bounds
        self._lock = Lock()
        self._counts = [0] * (len(bounds) + 1)
        self._total = 0.0

    def add(self, value: float, times: int = 1) -> None:
        """Take a value into account, which came so many times."""
        bucket = bisect_left(self._bounds, value)
        with self._lock:
            self._counts[bucket] += times
            self._total += value * times

    def flush(self) -> None:
        """Add to the histogram what came since the last flush."""
        with self._lock:
            counts, self._counts = self._counts, [0] * len(self._counts)
            total, self._total = self._total, 0.0
        if any(counts):
            self._histogram.add(counts, total)
