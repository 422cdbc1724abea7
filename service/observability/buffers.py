"""Counts at the pace of the requests, handed to Prometheus' client at the pace of its readers.

One update of the client's histogram takes a microsecond, in multiprocess mode three, and a request
makes ten: a buffer adds up plain numbers and flushes them when somebody looks, or now and then.
"""

from bisect import bisect_left
from collections.abc import Sequence
from threading import Lock
from typing import Protocol

from prometheus_client import Counter, Gauge, Histogram


class MetricsBuffer(Protocol):
    """Holds numbers that Prometheus' client does not know yet."""

    def flush(self) -> None:
        """Hand them over."""
        ...


class CounterBuffer:
    """Only ever grows."""

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
        """Hand over what was counted since the last time."""
        with self._lock:
            unflushed, self._flushed = self.total - self._flushed, self.total
        if unflushed:
            self._counter.inc(unflushed)


class GaugeBuffer:
    """Goes up and down."""

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
        """Hand over how high it is."""
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
    """How often which values came."""

    __slots__ = ("_bounds", "_counts", "_lock", "_spread", "_total")

    def __init__(self, spread: BatchHistogram, bounds: Sequence[float]) -> None:
        self._spread = spread
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
        """Hand over what came since the last time."""
        with self._lock:
            counts, self._counts = self._counts, [0] * len(self._counts)
            total, self._total = self._total, 0.0
        if any(counts):
            self._spread.add(counts, total)
