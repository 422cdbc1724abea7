"""The one socket that every worker accepts connections from."""

import socket


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
