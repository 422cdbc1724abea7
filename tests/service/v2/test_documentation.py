"""What is written of the protocol's routes works when tried."""

import json
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from service.settings import Settings
from service.v2.schemas import INFER
from tests.service.v2.server import Served, serving

ROOT = Path(__file__).parents[3]
BODY = INFER["openapi_extra"]["requestBody"]["content"]["application/json"]
EXAMPLE: Final = BODY["examples"]["picture"]["value"]
ADDRESS = "127.0.0.1:8000"


@pytest.fixture(scope="module")
def published() -> Iterator[Served]:
    with serving(Settings(models_dir=ROOT / "models", runtimes=("onnx",))) as served:
        yield served


def seven() -> bytes:
    [given] = EXAMPLE["inputs"]
    return b64decode(given["data"][0])


def snippet() -> str:
    found = re.search(r"```python\n(.*?)```", (ROOT / "docs/HTTP_API.md").read_text(), re.DOTALL)
    assert found
    return found[1]


def test_documented_request_is_answered(published: Served) -> None:
    operation = published.get("/openapi.json").json()["paths"]["/v2/models/{name}/infer"]["post"]
    content = operation["requestBody"]["content"]["application/json"]
    assert content["examples"]["picture"]["value"] == EXAMPLE
    answer = published.post("/v2/models/mobilenet/infer", json.dumps(EXAMPLE).encode())
    assert answer.status_code == 200, answer.text
    label, classes = answer.json()["outputs"]
    assert label["data"] == ["7"]
    assert classes["data"][0].endswith(":7:7")


def test_documented_snippet_prints_what_a_client_wants(published: Served, tmp_path: Path) -> None:
    (tmp_path / "seven.png").write_bytes(seven())
    code = snippet().replace(ADDRESS, published.address)
    ended = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert re.search(r":7:7'", ended.stdout)
    assert "(256, 10)" in ended.stdout
