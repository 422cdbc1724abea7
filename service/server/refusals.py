"""Requests that are refused before an application sees them, and what their clients are told."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import httptools
import orjson

from service.browser_headers import LINES

_NOT_VALID: Final = (httptools.HttpParserError, UnicodeDecodeError)  # an address may be neither

log = logging.getLogger(__name__)


@dataclass(eq=False)
class Refusal(Exception):
    """What a client is told before its connection ends."""

    status: int
    kind: str  # the reason, as the metric `tandem_errors_total` names it
    message: str  # what was wrong and what is accepted
    retry_seconds: int | None = None  # when to try again, where that helps

    def answer(self, default_headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """Write the whole answer."""
        body = orjson.dumps({"detail": self.message})
        lines = [b"HTTP/1.1 %d %b" % (self.status, HTTPStatus(self.status).phrase.encode())]
        lines += [b"%b: %b" % header for header in default_headers]
        lines += [b"content-type: application/json", b"content-length: %d" % len(body)]
        if self.retry_seconds is not None:
            lines.append(b"retry-after: %d" % self.retry_seconds)
        return b"\r\n".join([*lines, b"connection: close", LINES, body])


def malformed(reason: str) -> Refusal:
    """Refuse what is no valid HTTP/1.1, or what another server could read in another way."""
    return Refusal(400, "malformed", f"the request is not valid HTTP/1.1: {reason}")


def refusal_of(error: httptools.HttpParserError) -> Refusal:
    """Say what the parser, or one of our steps that it called, found wrong."""
    cause = error.__context__
    if isinstance(cause, Refusal):
        return cause
    if cause is None or isinstance(cause, _NOT_VALID):
        return malformed(str(cause or error))
    log.error("a request's head could not be handled", exc_info=cause)
    return Refusal(500, "unexpected", "the service failed; its log says why")
