"""A transport whose `close` leaves the client the time to read its last answer."""

from collections.abc import Callable
from typing import Any


class ClosingTransport:
    """asyncio's transport, but for closing, which is its connection's decision."""

    def __init__(self, transport: Any, close: Callable[[Any], None]) -> None:
        self._transport = transport
        self._close = close
        self._is_closing = False
        self.write = transport.write

    def __getattr__(self, name: str) -> Any:
        """Be the transport in everything else."""
        return getattr(self._transport, name)

    def is_closing(self) -> bool:
        """Whether no further answer can be written."""
        return self._is_closing or self._transport.is_closing()

    def close(self) -> None:
        """Write what is buffered and end the connection."""
        if not self.is_closing():
            self._is_closing = True
            self._close(self._transport)
