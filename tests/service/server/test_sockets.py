import socket
import sys
import time

import pytest

from service.server.sockets import bind, has_waiting, open_no_more


def test_address_that_is_taken_is_refused() -> None:
    with bind("127.0.0.1", 0) as taken:
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            bind("127.0.0.1", taken.getsockname()[1])


def test_connection_waits_until_it_is_accepted() -> None:
    with bind("127.0.0.1", 0) as listener:
        listener.listen()
        assert not has_waiting(listener.fileno())
        with socket.create_connection(listener.getsockname()):
            assert has_waiting(listener.fileno())
            listener.accept()[0].close()
            assert not has_waiting(listener.fileno())


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux' packet filter")
def test_opened_connections_are_kept_and_further_ones_wait() -> None:
    with bind("127.0.0.1", 0) as listener:
        listener.listen()
        with socket.create_connection(listener.getsockname()) as early:
            open_no_more(listener.fileno())
            with pytest.raises(TimeoutError):
                socket.create_connection(listener.getsockname(), timeout=0.3)
            early.sendall(b"asked before")
            accepted, _ = listener.accept()
            with accepted:
                assert accepted.recv(100) == b"asked before"
                accepted.sendall(b"answered")
            assert early.recv(100) == b"answered"
        address = listener.getsockname()
    time.sleep(0.05)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address, timeout=5)
