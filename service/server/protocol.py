"""One HTTP/1.1 connection: framing, limits, deadlines and draining. What is answered is elsewhere.

uvicorn's protocol parses with httptools and runs an ASGI application for each request. This one
also keeps clients from doing harm: it ignores `Upgrade` offers, refuses what could be framed in
two ways, bounds heads in bytes, lines and seconds, keeps a pipelining client waiting, ends a
connection whose client does not read, and lets each connection of a draining server end with its
last answer.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from service.server.connections import Connections
from service.server.refusals import Refusal, malformed, refusal_of
from service.server.transport import ClosingTransport

# The parser gets no more bytes at once: between two pieces the limits are checked.
_PIECE: Final = 16_384
# A client that is still sending would lose the answer to a reset: what it sends is dropped, for
# so long.
_LINGER_SECONDS: Final = 5
# A client that has closed its side either waits for its answer or has left: nothing tells which.
_HALF_CLOSED_SECONDS: Final = 2
_VERSIONS: Final = frozenset({"1.0", "1.1"})


class HttpProtocol(HttpToolsProtocol):
    """Reads the requests of one connection for an ASGI application."""

    transport: Any  # uvicorn's annotation leaves no place for a ClosingTransport

    def __init__(self, shared: Connections, **given: Any) -> None:
        """Prepare; uvicorn gives the rest."""
        super().__init__(**given)
        self._shared = shared
        self._limits = shared.limits
        self._in_progress: RequestResponseCycle | None = None  # the oldest one not answered yet
        self._last: RequestResponseCycle | None = None  # ends the connection, as it is draining
        self._refusal: Refusal | None = None
        self._discards = False
        self._held = b""  # has arrived, and waits until the requests before it are answered
        self._piece_bytes = 0
        self._overhead = 0  # bytes since the last body or whole head, at most: whole pieces count
        self._deadline: asyncio.TimerHandle | None = None  # of a head, or of the end
        self._send_deadline: asyncio.TimerHandle | None = None

    # The connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first head, if there is room for one more connection."""
        super().connection_made(ClosingTransport(transport, self._close))  # type: ignore[arg-type]
        if len(self.connections) > self._limits.connections:
            refusal = self._shared.make_room(self.connections)  # type: ignore[arg-type]
            if refusal is not None:
                self._refuse(refusal)
                return
        self._expect(self._limits.head_seconds, self._head_is_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the requests of this connection that their client has left."""
        for cycle in (self._in_progress, *(cycle for cycle, _ in self.pipeline)):
            if cycle is not None:
                _disconnect(cycle)
        self.pipeline.clear()
        super().connection_lost(exc)
        self._discards, self._held = True, b""
        self._unset_keepalive_if_required()
        self._expect_nothing()
        self.resume_writing()

    def eof_received(self) -> bool:  # type: ignore[override]
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
        self._send_deadline = self.loop.call_later(self._limits.send_seconds, self._abort_unread)

    def resume_writing(self) -> None:
        """Write on: the client reads."""
        super().resume_writing()
        if self._send_deadline is not None:
            self._send_deadline.cancel()
            self._send_deadline = None

    def waits_until(self) -> float | None:
        """When this connection ends if nothing arrives; None while a request is answered."""
        timer = self._deadline or self.timeout_keep_alive_task
        return timer.when() if timer is not None and self._is_idle() else None

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

    def _close(self, transport: Any) -> None:
        self._unset_keepalive_if_required()
        self._expect_nothing()
        if self._refusal is not None or (self.cycle is not None and self.cycle.more_body):
            self._discards = True
            self.flow.resume_reading()
            transport.write_eof()
            self._expect(_LINGER_SECONDS, transport.abort)
            return
        transport.close()
        if transport.get_write_buffer_size():
            self._expect(self._limits.send_seconds, self._abort_unread)

    def _abort_unread(self) -> None:
        seconds = self._limits.send_seconds
        self.abort("answer-not-read", f"the answer was not read within {seconds:g} s")

    def _expect(self, seconds: float, late: Callable[[], None]) -> None:
        self._expect_nothing()
        self._deadline = self.loop.call_later(seconds, late)

    def _expect_nothing(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    # Reading

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, one piece after the other."""
        if self._discards:
            return
        if self._held:
            self._held += data
            return
        self._unset_keepalive_if_required()
        try:
            if len(data) <= _PIECE:
                self._parse(data)
            else:
                self._parse_pieces(data)
        except httptools.HttpParserError as error:
            self._refuse(refusal_of(error))
        except Refusal as refusal:
            self._refuse(refusal)

    def _parse_pieces(self, data: bytes) -> None:
        view = memoryview(data)
        for start in range(0, len(data), _PIECE):
            if self.pipeline:
                self._held = data[start:]
                return
            self._parse(view[start : start + _PIECE])

    def _parse_held(self) -> None:
        if not self._discards:
            self.flow.resume_reading()
            data, self._held = self._held, b""
            self.data_received(data)

    def _parse(self, piece: bytes | memoryview) -> None:
        self._piece_bytes = len(piece)
        self._overhead += self._piece_bytes
        body = 0 if self.cycle is None else len(self.cycle.body)
        self._feed(piece)
        if self._is_head_open():
            self._check_open_head()
        elif self.cycle is not None:
            self._check_rest(self.cycle, body)

    def _feed(self, data: bytes | memoryview) -> None:
        while True:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as offer:
                end_of_head: int = offer.args[0]
            self._parse_without_offer()
            data = data[end_of_head:]

    def _parse_without_offer(self) -> None:
        """Parse a head again: after an `Upgrade`, the parser takes no body for one of HTTP's."""
        method, version = self.parser.get_method(), self.parser.get_http_version().encode()
        if method == b"CONNECT":
            raise malformed("CONNECT asks for a proxy, and this is none")
        lines = [b"%b %b HTTP/%b" % (method, self.url, version)]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.parser.feed_data(b"\r\n".join([*lines, b"", b""]))

    def _should_upgrade(self) -> bool:
        return True  # has uvicorn wait until the head comes again, without the offer

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header line; a body's end has to be where every server sees it."""
        name = name.lower()
        if name == b"transfer-encoding":
            if value.lower() != b"chunked" or self.parser.get_http_version() == "1.0":
                raise malformed("Transfer-Encoding may be `chunked` alone, and not in HTTP/1.0")
        elif name == b"host":
            if any(earlier == name for earlier, _ in self.headers):
                raise malformed("it has two Host lines")
        elif name == b"expect" and value.lower() == b"100-continue":
            self.expect_100_continue = True
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """Begin with a request, unless its head is parsed once more."""
        if self.parser.should_upgrade():
            return
        self._check_head()
        super().on_headers_complete()
        self.headers = []  # where trailers go: they are no header lines of the request
        self._overhead = self._piece_bytes  # the next head may be in this piece, too
        if not self.pipeline:
            self._in_progress = self.cycle

    def on_response_complete(self) -> None:
        """Go on with what came after the request that has just been answered."""
        following = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()
        if following is None:
            if self._refusal is not None:
                self._answer_refusal()
        elif not self.transport.is_closing():
            self._in_progress = following
            if self.pipeline or self._held:
                self.flow.pause_reading()
            if self._held and not self.pipeline:
                self.loop.call_soon(self._parse_held)

    # Limits

    def _is_idle(self) -> bool:
        cycle = self._in_progress
        return cycle is None or cycle.response_complete or cycle.disconnected

    def _is_head_open(self) -> bool:
        cycle = self.cycle
        return self.scope is not None and (cycle is None or cycle.scope is not self.scope)

    def _check_open_head(self) -> None:
        self._check_overhead()
        self._check_lines()
        if self._deadline is None:
            self._expect(self._limits.head_seconds, self._head_is_late)

    def _check_head(self) -> None:
        if self._overhead > self._limits.head_bytes and self._head_size() > self._limits.head_bytes:
            raise self._too_large()
        self._check_lines()
        if self.parser.get_http_version() not in _VERSIONS:
            raise malformed("its version is neither 1.1 nor 1.0")
        if not self.url.startswith(b"/") and httptools.parse_url(self.url).path is None:
            raise malformed("its address has no path")

    def _check_rest(self, cycle: RequestResponseCycle, body: int) -> None:
        if self._deadline is not None:
            self._expect_nothing()
        if cycle.more_body and len(cycle.body) == body and not cycle.response_complete:
            self._check_overhead()  # of chunk extensions or trailers
        else:
            self._overhead = 0
        if cycle.response_complete:  # the rest of a body that nobody needed
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
        elif self._shared.draining:
            self.drain()

    def _check_overhead(self) -> None:
        if self._overhead > self._limits.head_bytes + _PIECE:
            raise self._too_large()

    def _check_lines(self) -> None:
        if len(self.headers) > self._limits.head_lines:
            most = self._limits.head_lines
            raise Refusal(431, "head-too-large", f"the head has more than {most} header lines")

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def _too_large(self) -> Refusal:
        most = self._limits.head_bytes
        if len(self.url) > most:
            return Refusal(414, "head-too-large", f"the address has more than {most} bytes")
        return Refusal(431, "head-too-large", f"the head has more than {most} bytes")

    def _head_is_late(self) -> None:
        seconds = self._limits.head_seconds
        if self.flow.read_paused or self._held:  # it is this side that does not read
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
