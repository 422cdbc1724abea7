import asyncio
import tomllib
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from packaging.requirements import Requirement
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from service.app import create_app
from service.server import uvicorn_internals
from service.server.cycle import Cycle
from service.server.http_server import Server
from service.server.uvicorn_internals import INTERNALS, missing_internals
from service.settings import Settings


@pytest.mark.parametrize(
    "name", [f"{each.__name__}.{name}" for each in INTERNALS for name in INTERNALS[each]]
)
def test_uvicorn_has(name: str) -> None:
    assert name not in missing_internals()


def test_cycle_begins_as_uvicorns_does() -> None:
    given = MagicMock()  # each attribute shows where it ends up
    theirs = RequestResponseCycle(
        scope=given.scope,
        transport=given.transport,
        flow=given.flow,
        logger=given.logger,
        access_logger=given.access_logger,
        access_log=given.access_log,
        default_headers=given.server_state.default_headers,
        message_event=asyncio.Event(),
        expect_100_continue=given.expect_100_continue,
        keep_alive=False,
        on_response=given.on_response_complete,
    )
    ours = Cycle(given, given.scope, keep_alive=False)
    for name, value in vars(theirs).items():
        if name == "message_event":
            assert isinstance(ours.message_event, asyncio.Event)
            assert not ours.message_event.is_set()
        else:
            assert getattr(ours, name) == value, name


@pytest.mark.parametrize(
    "change", [{"body": bytearray(b"x")}, {"more_body": False}, {"disconnected": True}]
)
def test_event_that_is_asked_for_late_knows_what_has_arrived(change: dict[str, object]) -> None:
    cycle = Cycle(MagicMock(), {}, keep_alive=True)
    vars(cycle).update(change)
    assert cycle.message_event.is_set()


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
