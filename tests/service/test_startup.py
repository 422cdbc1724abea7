import asyncio
import itertools
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from service.__main__ import main
from service.app import create_app
from service.server.http_server import Server
from service.settings import Settings
from tests.known_answer import publish_known_answer


def refusal_to_start(settings: Settings, caplog: pytest.LogCaptureFixture) -> str:
    with pytest.raises(SystemExit) as ended:
        Server(create_app(settings), settings).run()
    assert ended.value.code not in (0, None)
    assert "Traceback" not in caplog.text
    [message] = [text for text in caplog.messages if text.startswith("Cannot start: ")]
    return message


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("model.onnx", "known/1/model.onnx has 0 bytes, not"),
        ("figures/curves.png", "known/1/figures/curves.png has 0 bytes"),
        ("manifest.json", "known/1/manifest.json is not understood"),
    ],
)
def test_broken_artifact_stops_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, path: str, reason: str
) -> None:
    (publish_known_answer(tmp_path, runtimes=("onnx",)).folder / path).write_bytes(b"")
    assert reason in refusal_to_start(Settings(models_dir=tmp_path, port=0), caplog)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"models_dir": Path("no-such")}, "directory no-such cannot be read: No such file"),
        ({"default_model": "resnet"}, "no model 'resnet'; published models: contrary, known"),
        ({"runtimes": ("onnx-int8",)}, "contrary/1 runs on onnx, and this service on onnx-int8"),
    ],
    ids=["no-repository", "no-such-default", "runtime-without-a-file"],
)
def test_setting_that_cannot_be_met_stops_the_start(
    repository: Path, caplog: pytest.LogCaptureFixture, changes: dict[str, Any], reason: str
) -> None:
    settings = Settings(models_dir=repository, port=0).model_copy(update=changes)
    assert reason in refusal_to_start(settings, caplog)


def test_runtime_that_is_not_installed_stops_the_start(
    repository: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    settings = Settings(models_dir=repository, port=0, runtimes=("onnx", "torchscript"))
    assert "torchscript needs the package torch" in refusal_to_start(settings, caplog)


def test_signal_in_the_middle_of_a_tick_is_not_lost(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(create_app(settings), settings)
    server.servers = []  # it does not listen yet
    seconds = itertools.count()

    def interrupted_clock() -> float:
        now = next(seconds)
        if now == 0:
            server.handle_exit(signal.SIGTERM, None)
        return now

    monkeypatch.setattr("service.server.http_server.monotonic", interrupted_clock)
    asyncio.run(server.on_tick(1))
    assert asyncio.run(server.on_tick(1))


def test_invalid_setting_stops_the_start_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["service"])
    monkeypatch.setenv("TANDEM_THREADS", "many")
    with pytest.raises(SystemExit, match="2"):
        main()
    error = capsys.readouterr().err
    assert error.startswith("invalid setting: TANDEM_THREADS='many': Input should be")
    assert error.count("\n") == 1


def test_help_lists_the_settings(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["service", "--help"])
    with pytest.raises(SystemExit, match="0"):
        main()
    assert "TANDEM_MODELS_DIR (models)" in capsys.readouterr().out
