from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.known_answer import GAIN, publish_known_answer, publish_known_pictures
from tests.known_study import store_known_study
from tests.service import process
from tests.service.process import Start
from tests.service.v2.server import Served, serving

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two versions of `known`, `contrary`, which names the darkest quarter, and their pictures."""
    root = tmp_path_factory.mktemp("models")
    publish_known_answer(root, version=1)
    publish_known_answer(root, version=2, gain=2 * GAIN)
    publish_known_answer(root, name="contrary", gain=-GAIN, runtimes=("onnx",))
    publish_known_pictures(root)
    return root


@pytest.fixture(scope="session")
def studies(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two studies of the same runs."""
    root = tmp_path_factory.mktemp("studies")
    store_known_study(root)
    store_known_study(root, "widths-again")
    return root


@pytest.fixture(scope="session")
def settings(repository: Path, studies: Path) -> Settings:
    return Settings(
        models_dir=repository,
        studies_dir=studies,
        default_model="known",
        max_bytes=200_000,
        max_body_bytes=300_000,
        max_files=4,
        benchmark_seconds=0.1,
        benchmark_batch=64,
    )


@pytest.fixture(scope="session")
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def published() -> Iterator[TestClient]:
    """The models of the project itself."""
    settings = Settings(models_dir=ROOT / "models", runtimes=("onnx", "onnx-int8"))
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="session")
def served(settings: Settings) -> Iterator[Served]:
    """The service on a socket; nobody may change what it has loaded."""
    with serving(settings) as served:
        yield served


@pytest.fixture(scope="session")
def start(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Start:
    """Start the service as a process of its own, on ONNX alone unless the settings say more."""
    usual = {"models_dir": repository, "default_model": "known", "runtimes": "onnx"}

    def start(
        command: Sequence[str] = process.COMMAND, **settings: object
    ) -> AbstractContextManager[process.Running]:
        log = tmp_path_factory.mktemp("service") / "log"
        return process.serving(log, command, **usual | settings)

    return start


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    """Run coroutines that are tests as the service's own run."""
    return "asyncio"
