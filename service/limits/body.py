"""What comes in over a connection: bounded in bytes, in time and in number.

A body that is too large or too slow is read no further. Beyond the service's capacity a request
is refused before its body is read, and one whose client has left is given up.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import RETRY, Refused
from service.limits.admission import Admission, admitted_route
from service.observability.record import CLIENT_LEFT, RequestRecord
from service.observability.recorder import record_of
from service.settings import Settings

# The rest of a refused body is not worth reading: the connection ends with the answer.
_CLOSE: Final[Mapping[str, str]] = {"Connection": "close"}
_WORTH_READING: Final = 65_536  # bytes: cheaper than another connection
# A client that has waited for so long may leave; most have their answer before.
_WATCHED_AFTER: Final = 0.05


def with_limits(app: ASGIApp, admission: Admission, settings: Settings) -> ASGIApp:
    """Bound what the requests of an application send, and how many of them there are."""

    async def limit_and_answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        route, record = admitted_route(scope["method"], scope["path"]), record_of(scope)
        body = _Body(record, receive, settings)
        if route is None:
            await app(scope, body, send)
        elif admission.is_full:
            record.route, record.kind = route, "overloaded"
            refusal = _refusal(admission, route, record.received())
            await refusal(scope, receive, send)
        else:
            await _admit(app, scope, _AdmittedBody(body, admission, record), send)

    return limit_and_answer


async def _admit(app: ASGIApp, scope: Scope, body: "_AdmittedBody", send: Send) -> None:
    try:
        await app(scope, body, send)
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if not body.client_left or task is None:
            raise
        task.uncancel()
        record_of(scope).kind = "client-left"
        await send({"type": "http.response.start", "status": CLIENT_LEFT, "headers": []})
        await send({"type": "http.response.body"})
    finally:
        body.leave()


def _refusal(admission: Admission, route: str, announced: int | None) -> JSONResponse:
    keep = announced is not None and announced <= _WORTH_READING
    key = "error" if route.startswith("/v2/") else "detail"
    content = {key: str(admission.refusal())}
    return JSONResponse(content, 503, {**RETRY, **({} if keep else _CLOSE)})


class _Body:
    """Hands on the messages of one request's body until a limit is passed."""

    def __init__(self, record: RequestRecord, receive: Receive, settings: Settings) -> None:
        self._announced = record.received() or 0
        self._receive = receive
        self._max_bytes = settings.max_body_bytes
        self._seconds = settings.body_seconds
        self._deadline: float | None = None
        self._bytes = 0
        self.is_complete = False

    async def __call__(self) -> Message:
        if self.is_complete:  # what comes next is that the client left, some day
            return await self._receive()
        self._check(self._announced)
        message = await self._in_time()
        self._bytes += len(message.get("body", b""))
        self._check(self._bytes)
        self.is_complete = not message.get("more_body", False)
        return message

    def _check(self, count: int) -> None:
        if count > self._max_bytes:
            raise Refused(
                413, f"the request's body has more than the {self._max_bytes} bytes allowed", _CLOSE
            )

    async def _in_time(self) -> Message:
        if self._deadline is None:
            self._deadline = asyncio.get_running_loop().time() + self._seconds
        try:
            async with asyncio.timeout_at(self._deadline):
                return await self._receive()
        except TimeoutError:
            raise Refused(
                408, f"the request's body did not arrive within {self._seconds:g} s", _CLOSE
            ) from None


class _AdmittedBody:
    """The body of a request that is let in when it is complete."""

    def __init__(self, body: _Body, admission: Admission, record: RequestRecord) -> None:
        self.client_left = False
        self._record = record
        self._body = body
        self._admission = admission
        self._held = 0
        self._inside = False
        self._later: asyncio.TimerHandle | None = None
        self._watching: asyncio.Task[None] | None = None

    async def __call__(self) -> Message:
        if self._body.is_complete:
            return await self._body()
        message = await self._body()
        if message.get("more_body"):
            count = len(message["body"])
            self._admission.hold(count)
            self._held += count
        else:
            self._enter()
        return message

    def leave(self) -> None:
        """Make room for the next one."""
        self._admission.release(self._held)
        if self._inside:
            self._admission.leave()
        if self._later is not None:
            self._later.cancel()
        if self._watching is not None:
            self._watching.cancel()

    def _enter(self) -> None:
        self._admission.enter()
        self._inside = True
        loop = asyncio.get_running_loop()
        self._later = loop.call_later(_WATCHED_AFTER, self._watch, asyncio.current_task())

    def _watch(self, task: asyncio.Task[object] | None) -> None:
        self._watching = asyncio.get_running_loop().create_task(self._cancel_when_left(task))

    async def _cancel_when_left(self, task: asyncio.Task[object] | None) -> None:
        message = await self._body()
        if message["type"] != "http.disconnect" or task is None or self._record.sent:
            return  # who has the answer may leave
        self.client_left = True
        task.cancel()
