"""One port for several processes: each binds a socket of its own, and the kernel spreads over them.

Spreading is Linux' way; other systems give every connection to one of the processes.
"""

import socket
from collections.abc import Iterator
from contextlib import contextmanager


def bind(host: str, port: int, *, shared: bool = True) -> socket.socket:
    """Bind a socket that does not listen yet; a `shared` one beside others of its kind.

    Raises:
        OSError: The address is taken, or is none of this machine.
    """
    bound = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        bound.bind((host, port))
    except OSError:
        bound.close()
        raise
    return bound


@contextmanager
def reserve(host: str, port: int) -> Iterator[int]:
    """Hold a port, a free one for 0, that only sockets bound as `shared` can be bound to.

    Raises:
        OSError: The address is taken, or is none of this machine.
    """
    # Another service's workers would share the port and say nothing: this socket would not.
    bind(host, port, shared=False).close()
    with bind(host, port) as held:
        number: int = held.getsockname()[1]
        yield number
