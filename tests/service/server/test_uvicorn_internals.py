import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from service.app import create_app
from service.server import uvicorn_internals
from service.server.http_server import Server
from service.server.uvicorn_internals import INTERNALS, missing_internals
from service.settings import Settings


@pytest.mark.parametrize(
    "name", [f"{each.__name__}.{name}" for each in INTERNALS for name in INTERNALS[each]]
)
def test_uvicorn_has(name: str) -> None:
    assert name not in missing_internals()


def test_requirement_excludes_releases_without_them() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    (uvicorn,) = (
        each for each in map(Requirement, project["dependencies"]) if each.name == "uvicorn"
    )
    assert "0.52.0" not in uvicorn.specifier
    assert "0.53.0" in uvicorn.specifier
    assert "1.0.0" not in uvicorn.specifier


def test_service_says_what_is_missing_and_serves_without(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    owner = next(iter(INTERNALS))
    monkeypatch.setattr(uvicorn_internals, "INTERNALS", {owner: ("_gone",)})
    app = create_app(settings)
    server = Server(app, settings)
    assert server.config.http == "auto"
    assert "HttpToolsProtocol._gone" in caplog.text
    assert b"tandem_own_connections 0.0" in app.state.service.telemetry.render()


def test_metric_says_that_connections_are_our_own(settings: Settings) -> None:
    app = create_app(settings)
    Server(app, settings)
    assert b"tandem_own_connections 1.0" in app.state.service.telemetry.render()
