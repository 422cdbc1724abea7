"""The socket that a service listens on: bound once, and closed so that no connection is lost."""

import ctypes
import os
import socket
import struct
import sys
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import Final

# Elsewhere a connection that is being opened while the service stops may be lost.
HOLDS_BACK: Final = sys.platform == "linux"
# Linux' option that has the kernel run a small program on each segment that comes to a socket,
# and the program, for its classic packet filter: drop what opens a connection, take the rest.
_SO_ATTACH_FILTER: Final = 26
_LOAD_BYTE, _AND, _JUMP_IF_EQUAL, _RETURN = 0x30, 0x54, 0x15, 0x06
_FLAGS_OFFSET, _SYN, _SYN_OR_ACK = 13, 0x02, 0x12
_DROP_SYN: Final = (
    (_LOAD_BYTE, 0, 0, _FLAGS_OFFSET),
    (_AND, 0, 0, _SYN_OR_ACK),
    (_JUMP_IF_EQUAL, 0, 1, _SYN),
    (_RETURN, 0, 0, 0),
    (_RETURN, 0, 0, 0xFFFF_FFFF),
)


def bind(host: str, port: int) -> socket.socket:
    """Bind a socket that does not listen yet; port 0 picks a free one.

    Raises:
        OSError: The address is taken, or is none of this machine.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


def open_no_more(descriptor: int) -> None:
    """Have the kernel open no further connection to a listening socket, where it can do so.

    What has been opened can still be accepted. A client that comes now tries again a second later,
    and is refused then if the socket is closed.
    """
    if not HOLDS_BACK:
        return
    program = b"".join(struct.pack("HBBI", *instruction) for instruction in _DROP_SYN)
    buffer = ctypes.create_string_buffer(program)
    with socket.socket(fileno=os.dup(descriptor)) as listener, suppress(OSError):
        listener.setsockopt(
            socket.SOL_SOCKET,
            _SO_ATTACH_FILTER,
            struct.pack("HP", len(_DROP_SYN), ctypes.addressof(buffer)),
        )


def has_waiting(descriptor: int) -> bool:
    """Whether a connection waits to be accepted."""
    with DefaultSelector() as selector:
        selector.register(descriptor, EVENT_READ)
        return bool(selector.select(0))
