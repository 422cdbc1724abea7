"""How an HTTP/1.1 connection begins and ends, so that no client holds it and none loses an answer.

Deadlines for the first head and for reading an answer, room for new connections, refusals, the last
answer of a draining server, and a close that leaves the client the time to read.
"""

import asyncio
from collections.abc import Callable
from heapq import nsmallest
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.server.connections import Connections
from service.server.cycle import Cycle
from service.server.refusals import Refusal

# A client that is still sending would lose the answer to a reset: what it sends is dropped, for
# so long.
_LINGER_SECONDS: Final = 5
# A client that has closed its side either waits for its answer or has left: nothing tells which.
_HALF_CLOSED_SECONDS: Final = 2
_FULL: Final = "too-many-connections"

Untyped = Any  # of uvicorn, whose annotations have no place for a ClosingTransport, or of asyncio


class ClosingTransport:
    """asyncio's transport, but for closing, which is its connection's decision.

    So the client has the time to read its last answer.
    """

    def __init__(self, transport: Untyped, close: Callable[[Untyped], None]) -> None:
        self._transport = transport
        self._close = close
        self.write = transport.write  # bound once: both are called for every request
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Untyped:
        """Be the transport in everything else."""
        return getattr(self._transport, name)

    def close(self) -> None:
        """Write what is buffered and end the connection."""
        if not self.is_closing():
            self.is_closing = lambda: True
            self._close(self._transport)


class Lifetime(HttpToolsProtocol):
    """Begins and ends one connection; what reads from it inherits this."""

    transport: Untyped
    cycle: Cycle

    def __init__(self, shared: Connections, **options: Untyped) -> None:
        """Prepare; the options are uvicorn's."""
        super().__init__(**options)
        self._shared = shared
        self._settings = shared.settings
        self._in_progress: RequestResponseCycle | None = None  # the oldest one not answered yet
        self._last: RequestResponseCycle | None = None  # ends the connection, as it is draining
        self._refusal: Refusal | None = None
        self._discards = False  # whatever arrives
        self._deadline: asyncio.TimerHandle | None = None  # of a head, or of the end
        self._send_deadline: asyncio.TimerHandle | None = None
        self._idle_since: float | None = None  # in the loop's time; None while something arrives
        self._idle_deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first head, if there is room for one more connection."""
        super().connection_made(ClosingTransport(transport, self._close))  # type: ignore[arg-type]  # as above
        if len(self.connections) > self._shared.most and not self._make_room():
            return
        self._expect(self._settings.head_seconds, self._head_is_late)

    def _make_room(self) -> bool:
        """End the connections that would have ended first, one in a hundred; else refuse this."""
        message = f"{self._shared.most} connections are open, the most allowed"
        others: Untyped = self.connections
        ends = {other: until for other in others if (until := other.waits_until()) is not None}
        if not ends:
            again = f"{message}; try again in a second"
            self._refuse(Refusal(503, _FULL, again, retry_seconds=1))
        for other in nsmallest(1 + len(others) // 100, ends, key=ends.__getitem__):
            other.abort(_FULL, message)
        return bool(ends)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the requests of this connection that their client has left."""
        for cycle in (self._in_progress, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None:
                _disconnect(cycle)
        self.pipeline.clear()
        super().connection_lost(exc)
        self._discards = True
        self._expect_nothing()
        self.resume_writing()
        if self._idle_deadline is not None:
            self._idle_deadline.cancel()

    def eof_received(self) -> bool:  # type: ignore[override]  # asyncio asks, uvicorn says nothing
        """Answer a client that has closed its side, if its request is whole and does not last."""
        if self._discards or self._is_idle() or self._is_head_open() or self.cycle.more_body:
            return False
        self._discards = True
        self.cycle.keep_alive = False
        self._expect(_HALF_CLOSED_SECONDS, self.transport.abort)
        return True

    def pause_writing(self) -> None:
        """Give the client a time in which to read on."""
        super().pause_writing()
        self._send_deadline = self.loop.call_later(self._settings.send_seconds, self._abort_unread)

    def resume_writing(self) -> None:
        """Write on: the client reads."""
        super().resume_writing()
        if self._send_deadline is not None:
            self._send_deadline.cancel()
            self._send_deadline = None

    def waits_until(self) -> float | None:
        """When this connection ends if nothing arrives; None while a request is answered."""
        if self._is_idle():
            if self._deadline is not None:
                return self._deadline.when()
            if self._idle_since is not None:
                return self._idle_since + self.timeout_keep_alive
        return None

    def abort(self, kind: str, message: str) -> None:
        """End the connection at once, without an answer; count and log why."""
        self._shared.refused(kind, message, self.client)
        self.connections.discard(self)
        self.transport.abort()

    def drain(self) -> None:
        """Have the answer to the newest request end the connection; an idle one may be used once.

        A request that came before a newer one no longer ends it.
        """
        newest = self.cycle
        if newest is None or newest.response_complete or newest is self._last:
            return
        if self._last is not None and not self._last.response_started:
            self._last.keep_alive = True
        self._last = newest if newest.keep_alive else None
        newest.keep_alive = False

    def _wait_for_next(self) -> None:
        # One timer for many requests: it looks when the connection was last in use.
        self._idle_since = self.loop.time()
        if self._idle_deadline is None:
            self._idle_deadline = self.loop.call_later(self.timeout_keep_alive, self._end_if_idle)

    def _end_if_idle(self) -> None:
        self._idle_deadline = None
        if self._idle_since is None:
            return
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._idle_deadline = self.loop.call_later(left, self._end_if_idle)
        else:
            self.transport.close()

    def _close(self, transport: Untyped) -> None:
        self._expect_nothing()
        if self._refusal is not None or (self.cycle is not None and self.cycle.more_body):
            self._discards = True
            self.flow.resume_reading()
            transport.write_eof()
            self._expect(_LINGER_SECONDS, transport.abort)
            return
        transport.close()
        if transport.get_write_buffer_size():
            self._expect(self._settings.send_seconds, self._abort_unread)

    def _abort_unread(self) -> None:
        seconds = self._settings.send_seconds
        self.abort("answer-not-read", f"the answer was not read within {seconds:g} s")

    def _expect(self, seconds: float, late: Callable[[], None]) -> None:
        self._expect_nothing()
        self._deadline = self.loop.call_later(seconds, late)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _is_idle(self) -> bool:
        cycle = self._in_progress
        return cycle is None or cycle.response_complete or cycle.disconnected

    def _is_head_open(self) -> bool:
        cycle = self.cycle
        return self.scope is not None and (cycle is None or cycle.scope is not self.scope)

    def _head_is_late(self) -> None:
        seconds = self._settings.head_seconds
        if self.flow.read_paused:  # it is this side that does not read
            self._expect(seconds, self._head_is_late)
        elif self._is_head_open():
            message = f"the request's head did not arrive within {seconds:g} s"
            self._refuse(Refusal(408, "head-too-slow", message))
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """Answer with a refusal when everything before it is answered, and end the connection."""
        self._shared.refused(refusal.kind, refusal.message, self.client)
        self._refusal, self._discards = refusal, True
        self._expect_nothing()
        broken = self.cycle
        if broken is not None and broken.more_body and not broken.response_complete:
            if self.pipeline:
                self.pipeline.popleft()
            else:
                _disconnect(broken)
        if self._is_idle():
            self._answer_refusal()

    def _answer_refusal(self) -> None:
        cycle, refusal = self._in_progress, self._refusal
        begun = cycle is not None and cycle.response_started and not cycle.response_complete
        if refusal is not None and not begun:
            self.transport.write(refusal.answer(self.server_state.default_headers))
        self.transport.close()


def _disconnect(cycle: RequestResponseCycle) -> None:
    if not cycle.response_complete:
        cycle.disconnected = True
        cycle.message_event.set()
