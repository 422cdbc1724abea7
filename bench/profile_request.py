"""Where the time of one request goes: its parts, one core each, measured in turn in one run.

    python -m bench.profile_request [--models-dir models] [--rounds 2000] [--output docs]

The picture is a 28 x 28 PNG file with MNIST's geometry. Every part is timed once a round, so that
whatever slows the machine down slows all of them down. The rest is what is left of the time that
a server process spends on the processor for one request.
"""

import argparse
import asyncio
import io
import os
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any, Final

import cv2
import numpy as np
from PIL import Image
from pydantic_core import to_json

from artifact.hardware import describe_hardware
from artifact.predictor import Predictor
from bench.busy_core import measure_busy
from bench.profile_report import Profile, write
from service.app import create_app
from service.observability.record import RequestRecord
from service.pipeline.bodies import read_picture
from service.pipeline.engine import Endpoint
from service.pipeline.predict import answer
from service.server.fast_path import FastPath, FastRequest
from service.server.http_server import fast_path_of
from service.settings import Settings
from vision.decode import decode
from vision.preprocess import view_at_once

_BATCH: Final = 16
_RAW: Final = b"image/png"
_FORM: Final = b"multipart/form-data; boundary=edge"


def main() -> None:
    """Measure, print the table, and write it with a figure."""
    options = _parser().parse_args()
    cv2.setNumThreads(1)
    settings = Settings(models_dir=options.models_dir, runtimes=("onnx",), port=0)
    load, _, _ = os.getloadavg()
    model, parts, calls = asyncio.run(_time_in_process(settings, options.rounds))
    busy = {
        (form, clients): measure_busy(settings.models_dir, declared, body, clients)
        for form, declared, body in (("raw", _RAW, _picture()), ("multipart", _FORM, _form()))
        for clients in (1, 16)
    }
    profile = Profile(model, describe_hardware(), load, parts, calls, busy)
    for path in write(profile, options.output):
        print(f"wrote {path}")


async def _time_in_process(
    settings: Settings, rounds: int
) -> tuple[str, dict[str, float], dict[str, float]]:
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        predictor: Predictor = app.state.service.models.get().predictor()
        fast_path = fast_path_of(app.state.service)
        calls = {
            "raw": _asking(fast_path, _RAW, _picture()),
            "multipart": _asking(fast_path, _FORM, _form()),
            f"raw, {_BATCH} together": _asking(fast_path, _RAW, _picture(), _BATCH),
            "multipart, by the route": _calling(app, _FORM, _form()),
        }
        return predictor.manifest.name, *await _time(_parts(predictor), calls, rounds)


def _parts(predictor: Predictor) -> dict[str, Callable[[], object]]:
    """Make each part of a request a call of its own, on what the part before it gives."""
    data, form = _picture(), _form()
    picture = decode(data)
    view = view_at_once(picture, predictor.manifest.input)
    if view is None:
        raise SystemExit(f"{predictor.manifest.name} does not take the picture as it is")
    one, several = predictor.batch([view]), predictor.batch([view] * _BATCH)
    logits = predictor.run(one)
    [prediction] = predictor.answers([view], logits)
    return {
        "form": lambda: read_picture(_FORM.decode(), form, "image"),
        "decode": lambda: decode(data),
        "preprocess": lambda: view_at_once(picture, predictor.manifest.input),
        "tensor": lambda: predictor.batch([view]),
        "inference": lambda: predictor.run(one),
        f"inference of {_BATCH}": lambda: predictor.run(several),
        "answer": lambda: predictor.answers([view], logits),
        "JSON": lambda: to_json(answer(predictor, prediction)),
    }


async def _time(
    parts: Mapping[str, Callable[[], object]],
    calls: Mapping[str, Callable[[], Awaitable[None]]],
    rounds: int,
) -> tuple[dict[str, float], dict[str, float]]:
    """Take the median microseconds of each part and of each call of the whole application."""
    times: dict[str, list[float]] = {name: [] for name in (*parts, *calls)}
    order, random = list(times), Random(0)  # noqa: S311 - no secret
    for _ in range(rounds):
        random.shuffle(order)  # so that none follows the same one every time
        for name in order:
            start = perf_counter()
            if name in parts:
                parts[name]()
            else:
                await calls[name]()
            times[name].append(perf_counter() - start)
            await asyncio.sleep(0)
    medians = {name: 1e6 * median(taken) for name, taken in times.items()}
    return {name: medians[name] for name in parts}, {name: medians[name] for name in calls}


class _Request(FastRequest):
    """A request without a connection."""

    __slots__ = ("answered",)

    def __init__(self, endpoint: Endpoint, scope: dict[str, Any], record: RequestRecord) -> None:
        super().__init__(endpoint, scope, record)
        self.answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def respond(self, rest: bytes) -> None:  # noqa: ARG002 - only the time matters
        self.answered.set_result(None)

    def fall_back(self, error: Exception | None = None) -> None:
        raise SystemExit(f"the fast path left a request to the routes: {error}")


def _asking(
    fast_path: FastPath, content_type: bytes, body: bytes, times: int = 1
) -> Callable[[], Awaitable[None]]:
    """Ask as a connection does, so many times in one turn of the loop."""

    async def call() -> None:
        requests = []
        for _ in range(times):
            scope = _scope(content_type, body)
            begun = fast_path.begin(scope)
            if begun is not None:
                endpoint, route = begun
                requests.append(_Request(endpoint, scope, fast_path.record(scope, route)))
                fast_path.answer(requests[-1], body)
        for request in requests:
            await request.answered

    return call


def _scope(content_type: bytes, body: bytes) -> dict[str, Any]:
    headers = [
        (b"host", b"localhost"),
        (b"content-type", content_type),
        (b"content-length", str(len(body)).encode()),
    ]
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": "/predict",
        "query_string": b"",
        "headers": headers,
    }


def _calling(app: Any, content_type: bytes, body: bytes) -> Callable[[], Awaitable[None]]:
    async def send(message: Mapping[str, Any]) -> None:
        if message.get("status", 200) != 200:
            raise SystemExit(f"answered with {message['status']}")

    async def call() -> None:
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def receive() -> Mapping[str, Any]:
            return messages.pop() if messages else await asyncio.Future()

        await app(_scope(content_type, body), receive, send)

    return call


def _picture() -> bytes:
    """Encode a bar with MNIST's size and place: the network takes it as it is."""
    pixels = np.pad(np.full((20, 10), 255, np.uint8), ((4, 4), (9, 9)))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _form() -> bytes:
    head = b'Content-Disposition: form-data; name="image"; filename="digit.png"\r\n'
    kind = b"Content-Type: image/png\r\n\r\n"
    return b"--edge\r\n" + head + kind + _picture() + b"\r\n--edge--\r\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--models-dir", type=Path, default=Path("models"))
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--output", type=Path, default=Path("docs"))
    return parser


if __name__ == "__main__":
    main()
