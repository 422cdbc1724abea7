import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.known_answer import publish_known_answer

MANIFEST = (Path(__file__).parents[2] / "deploy" / "kubernetes.yaml").read_text()
VARIABLES = dict(re.findall(r"\{name: TANDEM_(\w+), value: \"?(\w+)\"?\}", MANIFEST))


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    assert VARIABLES
    for name, value in VARIABLES.items():
        monkeypatch.setenv(f"TANDEM_{name}", value)
    return Settings()


def test_service_of_the_same_name_cannot_set_the_port() -> None:
    assert "enableServiceLinks: false" in MANIFEST


def test_every_variable_is_a_setting(settings: Settings) -> None:
    assert {name.lower() for name in VARIABLES} <= set(Settings.model_fields)
    assert settings.workers == 1


def test_pod_is_given_the_time_that_its_shutdown_takes(settings: Settings) -> None:
    [grace] = map(int, re.findall(r"terminationGracePeriodSeconds: (\d+)", MANIFEST))
    assert grace > settings.shutdown_delay + settings.shutdown_timeout


def test_shutdown_delay_is_longer_than_readiness_takes_to_be_noticed(settings: Settings) -> None:
    [period, failures] = re.findall(
        r"readinessProbe:.*?periodSeconds: (\d+).*?failureThreshold: (\d+)", MANIFEST, re.DOTALL
    )[0]
    assert settings.shutdown_delay > int(period) * int(failures)


@pytest.mark.parametrize(
    ("probe", "path"),
    [
        ("startupProbe", "/health/ready"),
        ("readinessProbe", "/health/ready"),
        ("livenessProbe", "/health/live"),
    ],
)
def test_probe_asks_what_the_service_answers(tmp_path: Path, probe: str, path: str) -> None:
    assert re.search(rf"{probe}:\s+httpGet: {{path: {path}, port: http}}", MANIFEST)
    publish_known_answer(tmp_path, runtimes=("onnx",))
    with TestClient(create_app(Settings(models_dir=tmp_path))) as client:
        assert client.get(path).status_code == 200
