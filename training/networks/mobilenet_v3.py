"""MobileNetV3-Small with torchvision's ImageNet weights, where they are in torch's cache.

Howard et al., Searching for MobileNetV3 (arXiv:1905.02244). Torchvision publishes the weights; they
are downloaded by `fetch` alone. It keeps to torch.hub's address, place and digest, but not to its
patience: torch.hub waits without end where a network swallows what is sent.
"""

from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final
from urllib.parse import urlsplit
from urllib.request import urlopen

import torch
import torch.hub
from torch import nn

from artifact.files import replace, sha256
from training.errors import PretrainedError

URL: Final = "https://download.pytorch.org/models/mobilenet_v3_small-047dcff4.pth"
MEAN: Final = (0.485, 0.456, 0.406)  # of the pictures that the weights learnt from
STD: Final = (0.229, 0.224, 0.225)
_MIB: Final = 10  # of the file

_PATIENCE: Final = 5.0  # seconds, until a server answers
_LONGEST: Final = 60.0  # seconds, of the whole file


def place() -> Path:
    """Where torch.hub keeps the weights; TORCH_HOME moves it."""
    return Path(torch.hub.get_dir(), "checkpoints", Path(urlsplit(URL).path).name)


def missing() -> str:
    """Why the weights cannot be used; empty where they can."""
    try:
        content = place().read_bytes()
    except OSError:
        return f"its weights are not in torch's cache: --download fetches them ({_MIB} MB)"
    if not _is_known(content):
        return f"{place().name} in torch's cache is damaged: --download fetches it anew"
    return ""


def fetch(patience: float = _PATIENCE, longest: float = _LONGEST) -> None:
    """Download the weights into torch's cache, unless they are there whole.

    Args:
        patience: Seconds in which a server has to answer.
        longest: Seconds in which it has to send the file.

    Raises:
        PretrainedError: There was no answer in time, or not the weights, or no place for them.
    """
    if not missing():
        return
    news: SimpleQueue[bytes | Exception] = SimpleQueue()
    # A thread of its own: looking up a name has no time limit.
    Thread(target=_download, args=(patience, news), daemon=True).start()
    host = urlsplit(URL).netloc
    try:
        opened = news.get(timeout=patience)
        content = opened if isinstance(opened, Exception) else news.get(timeout=longest)
    except Empty:
        raise PretrainedError(f"{host} did not send the weights in time") from None
    if isinstance(content, Exception):
        raise PretrainedError(f"{host} did not send the weights ({content})") from content
    if not _is_known(content):
        raise PretrainedError(f"{host} sent something else: the digest is not that of the weights")
    try:
        replace(place(), content)
    except OSError as error:
        raise PretrainedError(f"torch's cache cannot be written: {error.strerror}") from error


def layers() -> Iterator[nn.Module]:
    """All layers but the classifier's last, with the weights, in evaluation mode.

    Raises:
        PretrainedError: The weights are not in the cache, or damaged.
    """
    from torchvision.models import mobilenet_v3_small  # noqa: PLC0415 - a second

    if reason := missing():
        raise PretrainedError(f"mobilenet_v3_small: {reason}")
    network = mobilenet_v3_small()
    network.load_state_dict(torch.load(place(), map_location="cpu", weights_only=True))
    yield from network.eval().features
    yield nn.AdaptiveAvgPool2d(1)
    yield nn.Flatten()
    yield from network.classifier[:2]


def _download(patience: float, news: "SimpleQueue[bytes | Exception]") -> None:
    """Tell that the server answers, then what it sent; or what went wrong."""
    try:
        with urlopen(URL, timeout=patience) as answer:
            news.put(b"")
            news.put(answer.read())
    except (OSError, HTTPException) as error:
        news.put(error)


def _is_known(content: bytes) -> bool:
    """Whether its digest begins as the file's name says, which is torch.hub's rule."""
    return sha256(content).startswith(place().stem.rpartition("-")[2])
