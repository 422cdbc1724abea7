"""A transport whose `close` leaves the client the time to read its last answer."""

from collections.abc import Callable
from typing import Any


class ClosingTransport:
    """asyncio's transport, but for closing, which is its connection's decision."""

    def __init__(self, transport: Any, close: Callable[[Any], None]) -> None:
        self._transport = transport
        self._close = close
        self.write = transport.write  # bound once: both are called for every request
        self.is_closing = transport.is_closing

    def __getattr__(self, name: str) -> Any:
        """Be the transport in everything else."""
        return getattr(self._transport, name)

    def close(self) -> None:
        """Write what is buffered and end the connection."""
        if not self.is_closing():
            self.is_closing = _yes
            self._close(self._transport)


def _yes() -> bool:
    return True
