from collections.abc import Iterator
from pathlib import Path

import pytest
from tritonclient.http import InferenceServerClient

from tests.known_answer import GAIN, publish_known_answer
from tests.service.v2.server import Served


@pytest.fixture(scope="session")
def triton(served: Served) -> Iterator[InferenceServerClient]:
    with InferenceServerClient(served.address) as client:
        yield client


@pytest.fixture
def models_dir(tmp_path: Path) -> Path:
    publish_known_answer(tmp_path, version=1, runtimes=("onnx",))
    publish_known_answer(tmp_path, name="contrary", gain=-GAIN, runtimes=("onnx",))
    return tmp_path
