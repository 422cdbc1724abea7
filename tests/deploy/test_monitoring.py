import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture, publish_known_answer

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD = json.loads((DEPLOY / "grafana" / "tandem.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
METRIC = re.compile(r"\b(?:tandem|process)_[a-z_]+")
LABELS = re.compile(r"\b(?:by|without) \(([^)]*)\)|([a-z]+)(?==~?\")|\{\{([a-z]+)\}\}")
# `le` belongs to every histogram, `job` and `instance` come with a scrape, `worker` with
# several worker processes.
OF_PROMETHEUS = {"le", "job", "instance", "worker"}


@pytest.fixture(scope="module")
def exposed(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What /metrics shows once something was answered and something was refused."""
    root = tmp_path_factory.mktemp("models")
    publish_known_answer(root, runtimes=("onnx",))
    with TestClient(create_app(Settings(models_dir=root))) as client:
        client.post("/predict", content=picture("top-left")).raise_for_status()
        assert client.post("/predict", content=b"text").status_code == 415
        text: str = client.get("/metrics").text
        return text


def series(exposed: str) -> set[str]:
    return set(re.findall(r"^([a-z_]+)(?:\{| )", exposed, re.MULTILINE))


def labels(exposed: str) -> set[str]:
    return set(re.findall(r"([a-z]+)=\"", exposed)) | OF_PROMETHEUS


def queries() -> Iterator[str]:
    for panel in PANELS:
        yield from (target["expr"] for target in panel["targets"])
    yield from (each.get("definition", "") for each in DASHBOARD["templating"]["list"])
    yield (DEPLOY / "prometheus" / "alerts.yml").read_text()


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: str(panel["title"]))
def test_panel_says_what_it_shows_and_in_which_unit(panel: dict[str, Any]) -> None:
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert panel["description"].endswith(".")
    assert panel["datasource"]["uid"] == "${datasource}"
    assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])
    assert all(target["expr"] for target in panel["targets"])


def test_panels_do_not_overlap() -> None:
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for place in [panel["gridPos"]]
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in DASHBOARD["panels"]}) == len(DASHBOARD["panels"])


def test_data_source_is_chosen_on_import() -> None:
    variables = {each["name"]: each for each in DASHBOARD["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    assert variables["datasource"]["query"] == "prometheus"


def test_every_metric_that_is_asked_for_is_shown(exposed: str) -> None:
    asked = {name for query in queries() for name in METRIC.findall(query)}
    assert len(asked) > 15
    assert asked <= series(exposed)


def test_every_label_that_is_asked_for_is_shown(exposed: str) -> None:
    asked = {
        label.strip()
        for query in queries()
        for found in LABELS.findall(query)
        for label in ",".join(found).split(",")
    } - {"", "severity"}
    assert {"model", "kind", "route"} <= asked
    assert asked <= labels(exposed)


def test_every_metric_of_the_service_is_on_the_dashboard(exposed: str) -> None:
    families = set(re.findall(r"^# TYPE (tandem_[a-z_]+) ", exposed, re.MULTILINE))
    drawn = " ".join(queries())
    assert [name for name in sorted(families) if name not in drawn] == []
