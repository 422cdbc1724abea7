"""What can be set, each from an environment variable: TANDEM_ and the field's name."""

import json
import os
import re
import textwrap
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from artifact.hardware import library_versions, usable_cores, usable_memory
from artifact.latency import BATCH_SIZES
from artifact.manifest import RuntimeId
from vision.decode import Limits

PREFIX = "TANDEM_"
_MEGABYTE = 1_000_000
_MOST_PIXELS = 89_000_000  # Pillow itself warns of more
_SECRETS = ("admin_token",)
_ORIGIN = re.compile(r"\*|[a-z][a-z0-9+.-]*://[^\s/?#,]+")
Positive = Annotated[int, Field(ge=1)]
Seconds = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_TRACING_PACKAGES = {"opentelemetry-sdk", "opentelemetry-exporter-otlp-proto-http"}


class Settings(BaseSettings):
    """Read once at start-up and passed in; never changed."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="forbid"
    )

    host: str = Field("127.0.0.1", description="Address to listen on.")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 picks a free one.")
    root_path: str = Field(
        "",
        pattern=r"^(/[A-Za-z0-9._~-]+)*$",
        description="Path below which a proxy shows the service, such as /tandem; /docs and its "
        "OpenAPI document say so.",
    )
    page: bool = Field(True, description="Serve the page at /.")
    models_dir: Path = Field(
        Path("models"), description="The model repository: <name>/<version>/ folders."
    )
    studies_dir: Path = Field(
        Path("studies"),
        description="What `python -m research study` stores; where there is no such folder, there "
        "are no studies.",
    )
    default_model: str | None = Field(
        None,
        description="Answers where a request names none. Unset, or where it cannot be served: "
        "mobilenet if there is one, else the first by name.",
    )
    strict: bool = Field(
        True,
        description="Whether a damaged model, figure or study stops the start. If not, the rest is "
        "served; /health/ready, the log and tandem_broken_artifacts tell of it.",
    )
    workers: int = Field(
        1,
        ge=1,
        le=256,
        description="Worker processes that share the port and are replaced when they crash or "
        "hang. Metrics add up; limits and the statistics of /v2 are each worker's own.",
    )
    worker_timeout: float = Field(
        15,
        ge=1,
        allow_inf_nan=False,
        description="Seconds after which a worker whose event loop stands still is ended and "
        "replaced.",
    )
    runtimes: Annotated[tuple[RuntimeId, ...] | None, NoDecode] = Field(
        None,
        min_length=1,
        description="Runtimes to open, with commas between; the first that a model has answers "
        "where a request names none. Unset: every one that is installed, onnx first.",
    )
    threads: Positive = Field(1, description="Threads of each runtime for one batch.")
    worker_threads: Positive | None = Field(
        None,
        description="Threads of one process for large pictures and large batches. Unset: the "
        "container's cores, divided among TANDEM_WORKERS and TANDEM_THREADS.",
    )
    max_in_flight: Positive = Field(
        256,
        description="Most requests for predictions that are worked on or wait; more are refused "
        "at once with 503.",
    )
    max_upload_bytes: Positive | None = Field(
        None,
        description="Most bytes of all the bodies together that are arriving or worked on. Unset: "
        "an eighth of the container's memory, divided among TANDEM_WORKERS, and at most 256 MB.",
    )
    decode_memory_bytes: Positive | None = Field(
        None,
        description="Most bytes of memory that decoding takes, all pictures of a worker together; "
        "one that needs more is refused with 413, one that would have to wait for too long with "
        "503. Unset: a third of the container's memory, divided among TANDEM_WORKERS, and at most "
        "1 GB.",
    )
    queue_seconds: Seconds = Field(
        2, description="Longest time that a request waits in a queue; then it is refused with 503."
    )
    max_batch: Positive = Field(
        32, description="Most pictures of different requests that a network is given at once."
    )
    batch_wait_ms: float = Field(
        0,
        ge=0,
        le=1000,
        allow_inf_nan=False,
        description="Milliseconds that a request waits for others to share its batch with; 0 "
        "batches what has already arrived.",
    )
    max_bytes: Positive = Field(
        Limits().max_bytes, description="Most bytes of one encoded picture."
    )
    max_pixels: int = Field(
        Limits().max_pixels, ge=1, le=_MOST_PIXELS, description="Most pixels of one picture."
    )
    max_body_bytes: Positive = Field(
        32 * _MEGABYTE, description="Most bytes of one request's body."
    )
    max_json_bytes: Positive = Field(
        8 * _MEGABYTE,
        description="Most bytes of the JSON of one request to /v2: nothing else is answered while "
        "it is parsed. Tensors and pictures in bytes have the limit of the body alone.",
    )
    max_files: Positive = Field(64, description="Most pictures in one batch.")
    cors_origins: Annotated[tuple[str, ...] | None, NoDecode] = Field(
        None,
        min_length=1,
        description="Origins whose pages may ask from a browser, with commas between or as a JSON "
        "list: https://example.org,http://localhost:3000, or * for all. Unset: disabled.",
    )
    body_seconds: float = Field(
        30, gt=0, description="Longest time in which a request's body must have arrived."
    )
    keep_alive_seconds: Seconds = Field(
        75,
        description="Longest time that a connection may be idle between two requests. A load "
        "balancer's own must be shorter: most have 60.",
    )
    max_head_bytes: int = Field(
        32_768,
        ge=1024,
        description="Most bytes of one request's head; more are refused with 431, or 414 where "
        "they are the address.",
    )
    max_head_lines: Positive = Field(
        100, description="Most header lines of one request; more are refused with 431."
    )
    head_seconds: Seconds = Field(
        10,
        description="Longest time in which a request's head must have arrived; then it is refused "
        "with 408.",
    )
    send_seconds: Seconds = Field(
        30,
        description="Longest time in which a client reads nothing of its answer; then its "
        "connection is ended.",
    )
    max_connections: Positive = Field(
        4096,
        description="Most connections of one process, or fewer where the limit of open files asks "
        "for it. At the limit those that are idle for longest give way to new ones; where all are "
        "being answered, a new one is refused with 503.",
    )
    max_batch_size: Positive = Field(
        256, description="Most pictures in one tensor of the /v2 routes."
    )
    admin_token: SecretStr | None = Field(
        None,
        description="What `Authorization: Bearer` must carry to load and unload models. Unset: "
        "disabled.",
    )
    benchmark_seconds: float = Field(
        60, gt=0, description="Longest timed part of one POST /benchmark."
    )
    benchmark_batch: int = Field(
        256, ge=max(BATCH_SIZES), description="Largest batch size of POST /benchmark."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="debug, info, warning or error."
    )
    log_format: Literal["text", "json"] = Field(
        "text", description="text, or json: one object a line."
    )
    access_log: bool = Field(False, description="Log a line for every request.")
    tracing: bool = Field(
        False,
        description="Send OpenTelemetry spans of requests and their steps; needs the extra `otel`. "
        "OpenTelemetry's own variables (OTEL_EXPORTER_OTLP_ENDPOINT ...) say where to.",
    )
    shutdown_delay: float = Field(
        0,
        ge=0,
        description="Seconds after SIGTERM in which requests are still served while "
        "/health/ready answers 503, so that a load balancer can look away first.",
    )
    shutdown_timeout: Positive = Field(
        20, description="Longest time in seconds to finish open requests at the end."
    )

    @field_validator("runtimes", "cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        if value.lstrip().startswith("["):
            return json.loads(value)
        return tuple(name.strip() for name in value.split(","))

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, origins: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for origin in origins or ():
            if not _ORIGIN.fullmatch(origin):
                raise ValueError(
                    f"{origin!r} is no origin; accepted: *, or a scheme and a host as in "
                    "https://example.org:8080, without a path"
                )
        return origins

    @field_validator("workers")
    @classmethod
    def _check_shared(cls, workers: int) -> int:
        if workers > 1 and os.name != "posix":
            raise ValueError("more than 1 needs a system where processes inherit sockets")
        return workers

    @field_validator("admin_token")
    @classmethod
    def _check_alone(cls, token: SecretStr | None, others: ValidationInfo) -> SecretStr | None:
        if token is not None and others.data.get("workers", 1) > 1:
            raise ValueError(
                f"needs {_variable('workers')}=1: one worker alone would load or unload a model"
            )
        return token

    @field_validator("tracing")
    @classmethod
    def _check_installed(cls, tracing: bool) -> bool:
        if tracing and not library_versions(*_TRACING_PACKAGES).keys() >= _TRACING_PACKAGES:
            raise ValueError("needs the packages of the extra `otel`: pip install 'tandem[otel]'")
        return tracing

    @property
    def pool_size(self) -> int:
        """Threads for large work: as set, or so many that all of them together fit the cores."""
        return self.worker_threads or max(1, usable_cores() // (self.workers * self.threads))

    @property
    def limits(self) -> Limits:
        """What one picture may have."""
        return Limits(self.max_bytes, self.max_pixels, self.decode_memory)

    @property
    def decode_memory(self) -> int:
        """Bytes for decoding: as set, or a third of the memory, which leaves the rest to bodies."""
        return self.decode_memory_bytes or min(1000 * _MEGABYTE, self._memory // 3)

    @property
    def upload_bytes(self) -> int:
        """Bytes of bodies: as set, or an eighth of the memory: reading a form doubles them."""
        return self.max_upload_bytes or min(256 * _MEGABYTE, self._memory // 8)

    @property
    def _memory(self) -> int:
        """Bytes that one worker has."""
        return usable_memory() // self.workers


def describe_settings() -> str:
    """List every setting with its default and its meaning, as a person reads them."""
    return "\n".join(
        f"  {_variable(name)} ({'unset' if field.default is None else field.default})\n"
        + textwrap.fill(
            field.description or "", 78, initial_indent=" " * 6, subsequent_indent=" " * 6
        )
        for name, field in Settings.model_fields.items()
    )


def describe_invalid(error: ValidationError) -> str:
    """Say in one line which variables were wrong, what they held and what they may hold."""
    return "; ".join(
        f"{_variable(name)}={'***' if name in _SECRETS else repr(problem['input'])}: "
        f"{problem['msg']}"
        for problem in error.errors()
        for name in [str(problem["loc"][0])]
    )


def unknown_variables() -> list[str]:
    """Name the variables that look like settings and are none: misspelt, perhaps."""
    known = {_variable(name) for name in Settings.model_fields}
    return sorted(name for name in os.environ if name.startswith(PREFIX) and name not in known)


def _variable(field: str) -> str:
    return PREFIX + field.upper()
