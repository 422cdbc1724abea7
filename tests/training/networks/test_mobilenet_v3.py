"""Weights that are downloaded: from a server here, into a cache of the test's own."""

import io
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import pytest
import torch
from torchvision.models import MobileNet_V3_Small_Weights, mobilenet_v3_small

from training.errors import PretrainedError
from training.networks import mobilenet_v3

PATIENCE = 0.5


@pytest.fixture(scope="module")
def weights() -> bytes:
    """A file like torchvision's, of a network that has learnt nothing."""
    file = io.BytesIO()
    torch.manual_seed(0)
    torch.save(mobilenet_v3_small().state_dict(), file)
    return file.getvalue()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    return tmp_path / "hub" / "checkpoints"


def expect(weights: bytes, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let those be the known weights, at that address."""
    name = f"mobilenet_v3_small-{sha256(weights).hexdigest()[:8]}.pth"
    monkeypatch.setattr(mobilenet_v3, "URL", f"http://{address}/models/{name}")


@contextmanager
def serving(content: bytes, *, stalls: bool = False) -> Iterator[str]:
    """Answer with the content; or with its first half alone, and then nothing for long."""
    ended = Event()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[: len(content) // 2] if stalls else content)
            if stalls:
                ended.wait(30)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base names it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{server.server_port}"
        ended.set()
        server.shutdown()


def test_address_is_torchvisions() -> None:
    assert MobileNet_V3_Small_Weights.IMAGENET1K_V1.url == mobilenet_v3.URL


def test_weights_are_fetched_once_and_torchvision_finds_them(
    weights: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect(weights, "127.0.0.1:1", monkeypatch)
    assert "--download fetches them (10 MB)" in mobilenet_v3.missing()
    with serving(weights) as address:
        expect(weights, address, monkeypatch)
        mobilenet_v3.fetch()
    mobilenet_v3.fetch()  # nobody serves them any more
    assert not mobilenet_v3.missing()
    [file] = cache.iterdir()
    found = torch.hub.load_state_dict_from_url(
        mobilenet_v3.URL, str(cache), check_hash=True, weights_only=True
    )
    assert found.keys() == mobilenet_v3_small().state_dict().keys()
    assert file.read_bytes() == weights


@pytest.mark.parametrize("stalls", [False, True], ids=["never answers", "stops amid the file"])
def test_silent_server_is_left_after_a_moment(
    weights: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch, *, stalls: bool
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, serving(weights, stalls=True) as halves:
        port = silent.getsockname()[1]
        expect(weights, halves if stalls else f"127.0.0.1:{port}", monkeypatch)
        began = time.monotonic()
        with pytest.raises(PretrainedError, match=r"127\.0\.0\.1:\d+ did not send the weights"):
            mobilenet_v3.fetch(PATIENCE, longest=PATIENCE)
        assert time.monotonic() - began < 6 * PATIENCE
    assert not cache.exists()


def test_refused_connection_is_told(weights: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
    expect(weights, address, monkeypatch)
    with pytest.raises(PretrainedError, match="refused"):
        mobilenet_v3.fetch()


def test_other_content_is_not_kept(
    weights: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(b"<html>please log in</html>") as address:
        expect(weights, address, monkeypatch)
        with pytest.raises(PretrainedError, match="sent something else"):
            mobilenet_v3.fetch()
    assert not cache.exists()


def test_cache_that_cannot_be_used_is_told(
    weights: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache.parent.write_bytes(b"a file where a folder should be")
    with serving(weights) as address:
        expect(weights, address, monkeypatch)
        assert "--download fetches them" in mobilenet_v3.missing()
        with pytest.raises(PretrainedError, match="torch's cache cannot be written: "):
            mobilenet_v3.fetch()


def test_damaged_file_is_not_loaded_and_fetched_anew(
    weights: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(weights) as address:
        expect(weights, address, monkeypatch)
        mobilenet_v3.place().parent.mkdir(parents=True)
        mobilenet_v3.place().write_bytes(weights[:-1])
        assert "is damaged" in mobilenet_v3.missing()
        with pytest.raises(PretrainedError, match="is damaged"):
            next(mobilenet_v3.layers())
        mobilenet_v3.fetch()
    assert not mobilenet_v3.missing()


def test_layers_are_the_network_up_to_its_classifiers_last(
    weights: bytes, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expect(weights, "127.0.0.1:1", monkeypatch)
    cache.mkdir(parents=True)
    mobilenet_v3.place().write_bytes(weights)
    network = mobilenet_v3_small()
    network.load_state_dict(torch.load(io.BytesIO(weights), weights_only=True))
    pictures = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        features = torch.nn.Sequential(*mobilenet_v3.layers())(pictures)
        expected = network.eval()(pictures)
        torch.testing.assert_close(network.classifier[2:](features), expected)
    assert features.shape == (2, 1024)
