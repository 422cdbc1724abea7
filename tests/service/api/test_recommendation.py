"""The decision over HTTP is that of artifact.statistics.decision; its rules are tested there."""

from typing import Any

import pytest
from fastapi.testclient import TestClient


def decision(client: TestClient, query: str) -> dict[str, Any]:
    answer = client.get(f"/recommendation{query}")
    assert answer.status_code == 200, answer.text
    (group,) = answer.json()["groups"]
    assert group["dataset"] == "mnist"
    chosen: dict[str, Any] = group["decision"]
    return chosen


@pytest.mark.parametrize(
    ("query", "within"),
    [
        ("", lambda _: True),
        ("?max_kib=60", lambda pick: pick["bytes"] <= 60 * 1024),
        ("?min_accuracy=0.9965", lambda pick: pick["accuracy"] >= 0.9965),
        ("?max_ms=0.06&runtime=onnx", lambda pick: pick["p50_ms"] <= 0.06),
        ("?min_recall=7=0.99&min_recall=0=0.99", lambda pick: pick["recalls"]["7"] >= 0.99),
    ],
    ids=["none", "size", "accuracy", "time", "recalls"],
)
def test_pick_meets_the_constraints_and_has_reasons(
    published: TestClient, query: str, within: Any
) -> None:
    chosen = decision(published, query)
    assert chosen["verdict"] == "ship"
    assert within(chosen["pick"])
    assert chosen["reasons"][0].startswith(f"Ship {chosen['pick']['model']}")
    assert chosen["rival"]["choice"]["model"] != chosen["pick"]["model"]


def test_constraint_that_nothing_meets_is_named_with_the_distance(published: TestClient) -> None:
    chosen = decision(published, "?max_kib=1")
    assert (chosen["verdict"], chosen["pick"]) == ("constraints-unmet", None)
    (failing,) = chosen["unmet"]
    assert failing["constraint"] == "max-kib"
    assert failing["misses_by"] == pytest.approx(failing["value"] - 1)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("?min_recall=eleven=0.9", "eleven"),
        ("?min_recall=7=much", "CLASS=SHARE"),
        ("?min_recall=7=1.5", "CLASS=SHARE"),
        ("?min_recall=7=nan", "CLASS=SHARE"),
        ("?max_kib=0", "greater than 0"),
        ("?min_accuracy=99", "less than or equal to 1"),
        ("?runtime=tflite", "onnx"),
    ],
)
def test_malformed_constraint_is_refused(published: TestClient, query: str, named: str) -> None:
    answer = published.get(f"/recommendation{query}")
    assert answer.status_code == 422
    assert named in answer.text
