from threading import Thread

import pytest
from prometheus_client import CollectorRegistry, Counter, Gauge

from service.observability.buffers import BatchHistogram, HistogramBuffer, SumBuffer

BOUNDS = (1.0, 2.0, 4.0)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


def test_count_is_handed_over_once(registry: CollectorRegistry) -> None:
    count = SumBuffer(Counter("n", "n", registry=registry))
    count.add(1)
    count.add(3)
    assert registry.get_sample_value("n_total") == 0
    for _ in range(2):
        count.flush()
        assert registry.get_sample_value("n_total") == 4


def test_level_goes_up_and_down(registry: CollectorRegistry) -> None:
    level = SumBuffer(Gauge("n", "n", registry=registry))
    level.add(3)
    level.add(-2)
    level.flush()
    assert registry.get_sample_value("n") == 1


def test_distribution_agrees_with_a_histogram_told_one_by_one(registry: CollectorRegistry) -> None:
    values = [0.5, 1.0, 1.1, 2.0, 3.0, 4.0, 4.1, 1e9, 0.0, -1.0]
    spread = BatchHistogram("a", "a", buckets=BOUNDS, registry=registry)
    told = BatchHistogram("b", "b", buckets=BOUNDS, registry=registry)
    distribution = HistogramBuffer(spread)
    for part in (values[:4], values[4:], []):
        for value in part:
            distribution.add(value)
            told.observe(value)
        distribution.flush()
    samples = {
        metric.name: [(sample.labels, sample.value) for sample in metric.samples]
        for metric in registry.collect()
        if metric.type == "histogram"
    }
    assert [s for s in samples["a"] if "le" in s[0]] == [s for s in samples["b"] if "le" in s[0]]
    assert registry.get_sample_value("a_count") == len(values)
    assert registry.get_sample_value("a_sum") == sum(values)


def test_nothing_is_lost_between_threads(registry: CollectorRegistry) -> None:
    count = SumBuffer(Counter("n", "n", registry=registry))
    distribution = HistogramBuffer(BatchHistogram("a", "a", buckets=BOUNDS, registry=registry))

    def update() -> None:
        for turn in range(2000):
            count.add(1)
            distribution.add(turn % 5)
            if turn % 100 == 0:
                count.flush()
                distribution.flush()

    threads = [Thread(target=update) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    count.flush()
    distribution.flush()
    assert registry.get_sample_value("n_total") == registry.get_sample_value("a_count") == 8000
