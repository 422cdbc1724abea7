"""No model at all, for orientation: what the web parts alone could reach."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from fastapi import FastAPI, Request, UploadFile

Message = MutableMapping[str, Any]  # of ASGI

_BODY = b'{"label":"7","probability":0.99}'
_HEADERS = [
    (b"content-type", b"application/json"),
    (b"content-length", str(len(_BODY)).encode()),
]

app = FastAPI()


@app.post("/form")
async def answer_form(image: UploadFile) -> dict[str, str | float]:
    """Read the form's file and answer always the same."""
    await image.read()
    return {"label": "7", "probability": 0.99}


@app.post("/raw")
async def answer_raw(request: Request) -> dict[str, str | float]:
    """Read the body and answer always the same."""
    await request.body()
    return {"label": "7", "probability": 0.99}


async def bare(
    scope: Message,
    receive: Callable[[], Awaitable[Message]],
    send: Callable[[Message], Awaitable[None]],
) -> None:
    """The same without a framework."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})
