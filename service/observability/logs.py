"""What the service writes to its log: lines for people, or JSON, one object a line.

Nothing that a client sends can begin a line of its own or reach a terminal as a command.
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from service.settings import Settings

_TEXT: Final = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_OF_A_WORKER: Final = "%(asctime)s %(levelname)s worker %(worker)d %(name)s: %(message)s"
_UNSAFE: Final = {
    code: repr(chr(code))[1:-1] for code in (*range(0x20), *range(0x7F, 0xA0), 0x2028, 0x2029)
}
# Writes tracebacks as messages, and quotes nothing that a client sent.
_SERVER: Final = "uvicorn"

access = logging.getLogger("service.access")


def configure_logging(settings: Settings, worker: int | None = None) -> None:
    """Write to standard error as the settings say, with the worker's number if there is one."""
    own = {} if worker is None else {"worker": worker}
    handler = logging.StreamHandler()
    handler.setFormatter(_Json(own) if settings.log_format == "json" else _Text(own))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])


def log_request(headline: Mapping[str, object], details: Mapping[str, object]) -> None:
    """Write the line of one request."""
    access.info(
        " ".join(map(str, headline.values())),
        extra={"details": details, "fields": {**headline, **details}},
    )


class _Text(logging.Formatter):
    def __init__(self, own: Mapping[str, int]) -> None:
        super().__init__(_OF_A_WORKER if own else _TEXT, defaults=own)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        details: Mapping[str, object] = getattr(record, "details", {})
        line = super().formatMessage(record)
        line += "".join(f" {name}={value}" for name, value in details.items())
        return line if record.name.startswith(_SERVER) else line.translate(_UNSAFE)


class _Json(logging.Formatter):
    def __init__(self, own: Mapping[str, int]) -> None:
        super().__init__()
        self._own = own

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            **self._own,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
