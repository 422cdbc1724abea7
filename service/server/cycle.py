"""One request and its answer, as uvicorn has it, but cheap to make: most are answered without it.

uvicorn's takes eleven arguments by their names, all of which its connection holds, and an event
that only an application waits for: together, two microseconds.
"""

import asyncio
from functools import cached_property
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

Untyped = Any  # of ASGI: uvicorn's type of a scope is its own


class Cycle(RequestResponseCycle):
    """One request and its answer."""

    # How each begins: an instance has of its own what has changed.
    disconnected = False
    more_body = True
    response_started = False
    response_complete = False
    chunked_encoding: bool | None = None
    expected_content_length = 0
    is_awaited = False  # whether there is an event that tells what has arrived

    def __init__(self, connection: HttpToolsProtocol, scope: Untyped, *, keep_alive: bool) -> None:
        """Begin: the request's head is there. What uvicorn's does, this does too."""
        self.scope = scope
        self.transport = connection.transport
        self.flow = connection.flow
        self.logger = connection.logger
        self.access_logger = connection.access_logger
        self.access_log = connection.access_log
        self.default_headers = connection.server_state.default_headers
        self.on_response = connection.on_response_complete
        self.keep_alive = keep_alive
        self.waiting_for_100_continue = connection.expect_100_continue
        self.body = bytearray()

    @cached_property
    def message_event(self) -> asyncio.Event:  # type: ignore[override]  # uvicorn's is made at once
        """Set when something has arrived, or the client has left."""
        self.is_awaited = True
        event = asyncio.Event()
        if self.body or not self.more_body or self.disconnected:
            event.set()
        return event
