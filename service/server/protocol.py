"""How requests are read from an HTTP/1.1 connection: framing and limits. Who answers is elsewhere.

uvicorn's protocol parses with httptools and runs an ASGI application for each request. This one
ignores `Upgrade` offers, refuses what could be framed in two ways, bounds heads in bytes, lines and
seconds, and keeps what a pipelining client sends out of memory.
"""

from time import perf_counter
from typing import Final
from urllib.parse import unquote

import httptools

from service.server.connections import Connections
from service.server.cycle import Cycle
from service.server.lifetime import Lifetime, Untyped
from service.server.refusals import Refusal, malformed, refusal_of

# The parser gets no more bytes at once: between two pieces the limits are checked.
_PIECE: Final = 16_384
_MOST_UNREAD: Final = 65_536  # bytes of a body that the application has not asked for yet
_TURN_SECONDS: Final = 0.005  # of parsing; a body of chunks of one byte takes ten times as long
_VERSIONS: Final = frozenset({"1.0", "1.1"})
_WATCHED: Final = frozenset({b"connection", b"expect", b"host", b"transfer-encoding"})


class HttpProtocol(Lifetime):
    """Reads the requests of one connection for an ASGI application."""

    def __init__(self, shared: Connections, **options: Untyped) -> None:
        """Prepare; the options are uvicorn's."""
        super().__init__(shared, **options)
        # Has arrived, and waits until the requests before it are answered, or for the next turn of
        # the event loop.
        self._held = b""
        self._overhead = 0  # bytes since the last body or whole head, at most: whole pieces count

    def data_received(self, data: bytes) -> None:
        """Parse what has arrived, one piece after the other."""
        if self._discards:
            return
        if self._held:
            self._held += data
            self.flow.pause_reading()  # an application that asks for its body has it resumed
            return
        self._idle_since = None
        try:
            if len(data) <= _PIECE:
                self._parse(data)
            else:
                self._parse_pieces(data)
        except httptools.HttpParserError as error:
            self._refuse(refusal_of(error))
        except Refusal as refusal:
            self._refuse(refusal)

    def eof_received(self) -> bool:  # type: ignore[override]  # as in Lifetime
        """Parse what waits for the next turn, and go on as without it."""
        while self._held and not self.pipeline and not self._discards:
            self._parse_held()
        return super().eof_received()

    def _parse_pieces(self, data: bytes) -> None:
        view, until = memoryview(data), perf_counter() + _TURN_SECONDS
        for start in range(0, len(data), _PIECE):
            if self.pipeline or (start and perf_counter() > until):
                self._held = data[start:]
                if not self.pipeline:
                    self.loop.call_soon(self._parse_held)
                return
            self._parse(view[start : start + _PIECE])

    def _parse_held(self) -> None:
        if self._held and not self._discards:
            self.flow.resume_reading()
            data, self._held = self._held, b""
            self.data_received(data)

    def _parse(self, piece: bytes | memoryview) -> None:
        self._overhead += len(piece)
        before = self.cycle
        body = 0 if before is None else len(before.body)
        offer = self._feed(piece)
        while offer is not None:
            self._parse_without_offer()
            offer = self._feed(piece := piece[offer:])
        cycle = self.cycle
        is_whole = cycle is not before and cycle.scope is self.scope and not cycle.more_body
        if is_whole and not self._shared.draining:  # as nearly all pieces are one whole request
            self._overhead = 0
        elif cycle is before:
            self._check_progress(body)
        else:
            self._overhead = len(piece)  # the head that has come may have been in the piece before
            self._check_progress(0)

    def _feed(self, data: bytes | memoryview) -> int | None:
        """Parse; where a head makes an offer, stop at its end and say where that is."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            end_of_head: int = offer.args[0]
            return end_of_head
        return None

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

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header line; a request has one end and one host, for every server."""
        name = name.lower()
        if name in _WATCHED and (self.headers or name != b"host"):
            self._check_line(name, value)
        self.headers.append((name, value))

    def _check_line(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            if any(name == b"host" for name, _ in self.headers):
                raise malformed("it has two Host lines")
        elif name == b"connection":
            self._check_version()
        elif name == b"expect":
            self.expect_100_continue = value.lower() == b"100-continue"
        elif value.lower() != b"chunked" or self.parser.get_http_version() == "1.0":
            raise malformed("Transfer-Encoding may be `chunked` alone, and not in HTTP/1.0")

    def _check_version(self) -> None:
        if self.parser.get_http_version() not in _VERSIONS:
            raise malformed("its version is neither 1.1 nor 1.0")

    def on_headers_complete(self) -> None:
        """Begin with a request, unless its head is parsed once more."""
        parser = self.parser
        if parser.should_upgrade():
            return
        if (
            self._overhead > self._settings.max_head_bytes
            or len(self.headers) > self._settings.max_head_lines
        ):
            self._check_size()
        keeps_alive = parser.should_keep_alive()
        if not keeps_alive:  # 1.1 does, but where a line says otherwise
            self._check_version()
        if self._deadline is not None:
            self._expect_nothing()
        before, cycle = self.cycle, self._cycle_of(self.scope, keeps_alive)
        self.cycle = cycle
        self.headers = []  # where trailers go: they are no header lines of the request
        if before is None or before.response_complete:
            self._in_progress = cycle
            self._start_asgi_task(cycle, self.app)
        else:
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))

    def _cycle_of(self, scope: Untyped, keeps_alive: bool) -> Cycle:
        """Complete the ASGI scope of a request whose head is there; uvicorn's own asks twice."""
        url = httptools.parse_url(self.url)
        if url.path is None:
            raise malformed("its address has no path")
        path = url.path.decode("ascii")
        version = self.parser.get_http_version()
        scope["http_version"] = version
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["path"] = self.root_path + (unquote(path) if "%" in path else path)
        scope["raw_path"] = self.root_path.encode("ascii") + url.path
        scope["query_string"] = url.query or b""
        return Cycle(self, scope, keep_alive=keeps_alive and version != "1.0")

    def on_body(self, body: bytes) -> None:
        """Keep a part of a body, unless its request has been answered."""
        cycle = self.cycle
        if not cycle.response_complete:
            cycle.body += body
            if len(cycle.body) > _MOST_UNREAD:
                self.flow.pause_reading()
            if cycle.is_awaited:
                cycle.message_event.set()

    def on_message_complete(self) -> None:
        """Let the application know that its request is whole."""
        cycle = self.cycle
        if not (self.parser.should_upgrade() or cycle.response_complete):
            cycle.more_body = False
            if cycle.is_awaited:
                cycle.message_event.set()

    def on_response_complete(self) -> None:
        """Go on with what came after the request that has just been answered."""
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        if self.pipeline:
            self._begin_next()
        elif self._refusal is not None:
            self._answer_refusal()
        else:
            self.flow.resume_reading()
            self._wait_for_next()

    def _begin_next(self) -> None:
        self._in_progress, app = self.pipeline.pop()
        self._start_asgi_task(self._in_progress, app)
        if self.pipeline:
            return
        if self._held:
            self.loop.call_soon(self._parse_held)
        else:
            self.flow.resume_reading()

    def _check_progress(self, body: int) -> None:
        """Bound what has arrived in part; `body`: bytes that were there before this piece."""
        cycle = self.cycle
        if self._is_head_open():
            self._check_overhead()
            if self._deadline is None:
                self._expect(self._settings.head_seconds, self._head_is_late)
        elif cycle is None:
            return  # line ends, before the first head
        elif cycle.more_body and len(cycle.body) == body and not cycle.response_complete:
            self._check_overhead()  # of chunk extensions or trailers
        else:
            self._overhead = 0
        if self._deadline is None and self._is_idle():
            self._wait_for_next()  # after the rest of a body that nobody needed, or line ends
        if self._shared.draining:
            self.drain()

    def _check_overhead(self) -> None:
        """Bound what arrives and is no body; of a head whose end is not there, the bytes so far."""
        self._check_size()
        if self._overhead > self._settings.max_head_bytes + _PIECE:
            raise self._too_large(431, "head")

    def _check_size(self) -> None:
        size = sum(len(name) + len(value) + 4 for name, value in self.headers)
        if len(self.url) > self._settings.max_head_bytes:
            raise self._too_large(414, "address")
        if len(self.url) + size > self._settings.max_head_bytes:
            raise self._too_large(431, "head")
        if len(self.headers) > self._settings.max_head_lines:
            message = f"the head has more than {self._settings.max_head_lines} header lines"
            raise Refusal(431, "head-too-large", message)

    def _too_large(self, status: int, what: str) -> Refusal:
        message = f"the {what} has more than {self._settings.max_head_bytes} bytes"
        return Refusal(status, "head-too-large", message)
