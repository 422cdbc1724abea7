"""What our connections and our server use of uvicorn beyond its documented interface, by name.

The requirement in pyproject.toml is pinned to the releases in which all of it is there.
"""

from inspect import isfunction
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
        if not hasattr(owner, name) and name not in _mentioned(owner)
    ]


def _mentioned(owner: type) -> set[str]:
    """Give every name in the methods of a class: its attributes are among them."""
    methods = filter(isfunction, vars(owner).values())
    return {name for method in methods for name in method.__code__.co_names}
