import pytest
from fastapi.testclient import TestClient

from artifact.statistics.comparison import ModelComparison


@pytest.fixture(scope="module")
def comparison(client: TestClient) -> ModelComparison:
    return ModelComparison.model_validate(client.get("/comparison").json())


def test_latest_versions_are_compared_in_pairs(comparison: ModelComparison) -> None:
    (group,) = comparison.groups
    assert (group.dataset, group.test_images) == ("quarters", 5)
    assert [model.model for model in group.models] == ["contrary/1", "known/2"]
    (pair,) = group.pairs
    assert (pair.paired.both_right, pair.paired.both_wrong) == (4, 1)
    assert (pair.paired.difference, pair.paired.p_value) == (0, 1)
    assert not comparison.not_compared


def test_size_and_latency_stand_beside_accuracy(comparison: ModelComparison) -> None:
    known = comparison.groups[0].models[1]
    assert [row.runtime for row in known.runtimes] == ["onnx", "torchscript"]
    assert all(row.p50_ms and row.bytes and row.accuracy == 0.8 for row in known.runtimes)
    assert comparison.groups[0].size_front
    assert len(comparison.groups[0].latency_fronts) == 1
