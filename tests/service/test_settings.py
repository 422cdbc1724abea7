from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from service.settings import Settings, describe_invalid, describe_settings, unknown_variables


def test_defaults_listen_on_this_machine_alone() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.models_dir) == (
        "127.0.0.1",
        8000,
        Path("models"),
    )


def test_environment_sets_every_kind_of_value(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "TANDEM_PORT": "9000",
        "TANDEM_MODELS_DIR": "elsewhere",
        "TANDEM_RUNTIMES": "onnx, torchscript",
        "TANDEM_DEFAULT_MODEL": "",
        "TANDEM_ACCESS_LOG": "true",
    }.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert (settings.port, settings.models_dir) == (9000, Path("elsewhere"))
    assert settings.runtimes == ("onnx", "torchscript")
    assert settings.default_model is None, "an empty variable is one that is not set"
    assert settings.access_log


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("TANDEM_PORT", "http", "valid integer"),
        ("TANDEM_PORT", "70000", "65535"),
        ("TANDEM_RUNTIMES", "onnx,tflite", "'onnx-int8'"),
        ("TANDEM_THREADS", "0", "greater than or equal to 1"),
        ("TANDEM_LOG_LEVEL", "loud", "'warning'"),
        ("TANDEM_CORS_ORIGINS", "example.org", "is no origin; accepted: *, or a scheme"),
        ("TANDEM_CORS_ORIGINS", "https://example.org/", "without a path"),
        ("TANDEM_CORS_ORIGINS", '["https://example.org"', "Expecting ','"),
    ],
)
def test_invalid_setting_is_named_with_what_is_accepted(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, accepted: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ValidationError) as caught:
        Settings()
    message = describe_invalid(caught.value)
    assert name in message
    assert accepted in message
    assert "\n" not in message


@pytest.mark.parametrize(
    ("value", "origins"),
    [
        ("*", ("*",)),
        ("https://example.org, http://localhost:3000", None),
        ('["https://example.org", "http://localhost:3000"]', None),
    ],
    ids=["all", "commas", "json"],
)
def test_list_may_have_commas_or_be_json(
    monkeypatch: pytest.MonkeyPatch, value: str, origins: tuple[str, ...] | None
) -> None:
    monkeypatch.setenv("TANDEM_CORS_ORIGINS", value)
    expected = origins or ("https://example.org", "http://localhost:3000")
    assert Settings().cors_origins == expected


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().port = 1  # type: ignore[misc]  # that it fails is the point


def test_every_setting_is_described_with_its_default() -> None:
    listed = describe_settings()
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert f"TANDEM_{name.upper()} (" in listed
    assert "TANDEM_PORT (8000)" in listed


def test_misspelt_variable_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANDEM_PROT", "9000")
    monkeypatch.setenv("TANDEM_PORT", "9000")
    assert "TANDEM_PROT" in unknown_variables()
    assert "TANDEM_PORT" not in unknown_variables()


def test_administration_of_several_workers_is_refused_and_the_token_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TANDEM_ADMIN_TOKEN", "open sesame")
    monkeypatch.setenv("TANDEM_WORKERS", "2")
    with pytest.raises(ValidationError) as caught:
        Settings()
    message = describe_invalid(caught.value)
    assert "TANDEM_ADMIN_TOKEN=***" in message
    assert "TANDEM_WORKERS=1" in message
    assert "sesame" not in message


@pytest.mark.parametrize(
    ("changes", "threads"),
    [
        ({}, 8),
        ({"workers": 2}, 4),
        ({"workers": 2, "threads": 2}, 2),
        ({"threads": 16}, 1),
        ({"worker_threads": 3, "workers": 8}, 3),
    ],
)
def test_threads_of_all_processes_fit_the_cores(
    monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any], threads: int
) -> None:
    monkeypatch.setattr("service.settings.usable_cores", lambda: 8)
    assert Settings().model_copy(update=changes).pool_size == threads


def test_workers_are_refused_where_no_port_can_be_shared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.name", "nt")
    with pytest.raises(ValidationError, match="inherit sockets"):
        Settings(workers=2)
    assert Settings().workers == 1
