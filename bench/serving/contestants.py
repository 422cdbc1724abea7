"""The servers that are measured: how each is started, and which requests it takes.

In a command or a variable, {python}, {bin}, {port} and {spare}, {spare2} (more free ports) stand
for what this run gives.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from bench.serving.bodies import BATCH, Kind

CLIENTS: Final = (1, 16, 64)
TANDEM: Final = "tandem"
BEFORE: Final = "tandem-before"
LOOP: Final = "loop"

# No contestant may call home.
QUIET: Final = {
    "BENTOML_DO_NOT_TRACK": "true",
    "DO_NOT_TRACK": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "ORT_DISABLE_TELEMETRY": "1",
    "RAY_USAGE_STATS_ENABLED": "0",
}


class BenchmarkError(Exception):
    """Says what is missing."""


class ContestantFailed(BenchmarkError):
    """Says what one server did instead of serving."""


@dataclass(frozen=True)
class Route:
    """One way to ask a server: a path, and the kind of body that it takes there."""

    kind: Kind
    path: str
    clients: tuple[int, ...] = CLIENTS

    @property
    def pictures(self) -> int:
        """How many pictures one request carries."""
        return BATCH if self.kind == "batch" else 1


@dataclass(frozen=True)
class Contestant:
    """A server, and the environment (a folder of bench/peers; None: Tandem's own) it runs in.

    `tree` is the checkout that Tandem's own code is taken from; None: this one.
    """

    name: str
    title: str
    environment: str | None
    command: tuple[str, ...]
    routes: tuple[Route, ...]
    variables: Mapping[str, str] = field(default_factory=dict)
    answers: bool = True
    tree: Path | None = None

    def start(self, **given: str) -> tuple[list[str], dict[str, str]]:
        """Its command and its variables with what this run gives filled in."""
        command = [part.format_map(given) for part in self.command]
        return command, {name: value.format_map(given) for name, value in self.variables.items()}


_TANDEM: Final = Contestant(
    TANDEM,
    "Tandem",
    None,
    ("{python}", "-m", "service"),
    (
        Route("picture", "/predict"),
        Route("drawing", "/predict"),
        Route("form", "/predict"),
        Route("tensor", "/v2/models/mobilenet/infer"),
        Route("batch", "/v2/models/mobilenet/infer", (1, 16)),
    ),
    {
        "TANDEM_PORT": "{port}",
        "TANDEM_MODELS_DIR": "{models}",
        "TANDEM_DEFAULT_MODEL": "mobilenet",
        "TANDEM_RUNTIMES": "onnx",
    },
)


def _uvicorn(target: str) -> tuple[str, ...]:
    quiet = ("--no-access-log", "--log-level", "warning")
    return ("{python}", "-m", "uvicorn", target, "--port", "{port}", *quiet)


_PEERS: Final = (
    Contestant(
        "fastapi",
        "FastAPI + ONNX Runtime",
        "fastapi",
        _uvicorn("serve_fastapi:app"),
        (Route("form", "/predict"), Route("picture", "/raw")),
    ),
    Contestant(
        "mosec",
        "mosec, batch ≤ 16, waits 1 ms",
        "mosec",
        ("{python}", "serve_mosec.py", "--address", "127.0.0.1", "--port", "{port}"),
        (Route("picture", "/inference"),),
        {"BENCH_BATCH": "16", "MOSEC_LOG_LEVEL": "warning"},
    ),
    Contestant(
        "mosec-unbatched",
        "mosec, no batching",
        "mosec",
        ("{python}", "serve_mosec.py", "--address", "127.0.0.1", "--port", "{port}"),
        (Route("picture", "/inference"),),
        {"BENCH_BATCH": "1", "MOSEC_LOG_LEVEL": "warning"},
    ),
    Contestant(
        "mlserver",
        "MLServer",
        "mlserver",
        ("{bin}/mlserver", "start", "."),
        (Route("tensor", "/v2/models/mobilenet/infer"),),
        {
            "MLSERVER_HOST": "127.0.0.1",
            "MLSERVER_HTTP_PORT": "{port}",
            "MLSERVER_GRPC_PORT": "{spare}",
            "MLSERVER_METRICS_PORT": "{spare2}",
        },
    ),
    Contestant(
        "litserve",
        "LitServe",
        "litserve",
        ("{python}", "serve_litserve.py", "{port}"),
        (Route("form", "/predict"),),
        {"BENCH_BATCH": "1"},
    ),
    Contestant(
        "litserve-batched",
        "LitServe, batch ≤ 16, waits 1 ms",
        "litserve",
        ("{python}", "serve_litserve.py", "{port}"),
        (Route("form", "/predict"),),
        {"BENCH_BATCH": "16"},
    ),
    Contestant(
        "bentoml",
        "BentoML",
        "bentoml",
        (
            "{bin}/bentoml",
            "serve",
            "serve_bentoml:Classify",
            "--host",
            "127.0.0.1",
            "--port",
            "{port}",
        ),
        (Route("form", "/predict"),),
    ),
    Contestant(
        "ray",
        "Ray Serve",
        "ray",
        ("{python}", "serve_ray.py", "{port}"),
        (Route("form", "/predict"),),
        {"RAY_raylet_start_wait_time_s": "120"},  # on a busy machine half a minute is short
    ),
    Contestant(
        "fastapi-fixed",
        "FastAPI, fixed answer",
        "fastapi",
        _uvicorn("fixed:app"),
        (Route("form", "/form"), Route("picture", "/raw")),
        answers=False,
    ),
    Contestant(
        "asgi-fixed",
        "bare ASGI, fixed answer",
        "fastapi",
        _uvicorn("fixed:bare"),
        (Route("picture", "/"),),
        answers=False,
    ),
)

# The one that has no server: a loop that prints its own result.
_LOOP: Final = Contestant(
    LOOP,
    "bare ONNX Runtime in a loop",
    "fastapi",
    ("{python}", "loop.py", str(BATCH), "{seconds}"),
    (),
    answers=False,
)

CONTESTANTS: Final = (_TANDEM, *_PEERS, _LOOP)


def choose(names: Sequence[str] | None) -> list[Contestant]:
    """The contestants of those names, in the common order; all of them for None."""
    return [one for one in CONTESTANTS if names is None or one.name in names]


def before(tree: Path) -> Contestant:
    """Tandem as another checkout has it, on the same models and with the same libraries."""
    return replace(_TANDEM, name=BEFORE, title="Tandem before", tree=tree.resolve())


def title(name: str) -> str:
    """How a contestant is called in tables."""
    return next(one.title for one in CONTESTANTS if one.name == name)
