"""What our connections and our server use of uvicorn beyond its documented interface, by name.

The requirement in pyproject.toml is pinned to the releases in which all of it is there.
"""

from collections.abc import Iterator
from types import CodeType
from typing import Final

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import Server, ServerState

INTERNALS: Final[dict[type, tuple[str, ...]]] = {
    HttpToolsProtocol: (
        *("access_log", "access_logger", "app", "client", "connections", "cycle"),
        *("expect_100_continue", "flow", "headers", "logger", "loop", "parser", "pipeline"),
        *("root_path", "scope", "server_state", "timeout_keep_alive", "transport", "url"),
        *("on_body", "on_header", "on_headers_complete", "on_message_complete"),
        *("on_response_complete", "shutdown"),
        "_start_asgi_task",
    ),
    RequestResponseCycle: (
        *("access_log", "access_logger", "body", "default_headers", "disconnected", "flow"),
        *("keep_alive", "logger", "message_event", "more_body", "on_response"),
        *("response_complete", "response_started", "scope", "transport"),
        "waiting_for_100_continue",
    ),
    FlowControl: ("pause_reading", "read_paused", "resume_reading", "write_paused"),
    ServerState: ("connections", "default_headers", "tasks", "total_requests"),
    Server: (
        *("config", "force_exit", "handle_exit", "lifespan", "on_tick", "server_state"),
        *("servers", "should_exit", "shutdown", "startup"),
    ),
}


def missing_internals() -> list[str]:
    """Name what the installed uvicorn lacks."""
    return [
        f"{owner.__name__}.{name}"
        for owner, names in INTERNALS.items()
        for name in names
        if not hasattr(owner, name) and name not in set(_assigned(owner))
    ]


def _assigned(owner: type) -> Iterator[str]:
    """Give every name that a method of a class mentions: its attributes are among them."""
    for method in vars(owner).values():
        code = getattr(method, "__code__", None)
        if isinstance(code, CodeType):
            yield from code.co_names
