"""Every answer tells a browser what it may do with it, whatever answers."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from service.browser_headers import HEADERS
from service.settings import Settings
from tests.known_answer import picture
from tests.service.v2.server import PATIENCE, Served, serving

PICTURE = picture("top-left")
PREFLIGHT = {"Origin": "http://here", "Access-Control-Request-Method": "POST"}


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Served]:
    with serving(settings.model_copy(update={"cors_origins": ("http://here",)})) as served:
        yield served


@pytest.mark.parametrize(
    ("method", "path", "more", "status"),
    [
        ("GET", "/", {}, 200),
        ("HEAD", "/models", {}, 200),
        ("POST", "/predict", {"content": PICTURE}, 200),
        ("POST", "/compare", {"content": PICTURE}, 200),
        ("POST", "/predict", {"content": b"no picture"}, 415),
        ("GET", "/nowhere", {}, 404),
        ("GET", "/models?x=1&x=2", {}, 422),
        ("OPTIONS", "/predict", {"headers": PREFLIGHT}, 200),
        ("GET", "/", {"headers": {"x": "a" * 40_000}}, 431),  # refused by the connection
    ],
)
def test_every_kind_of_answer_has_them_once(
    served: Served, method: str, path: str, more: dict[str, Any], status: int
) -> None:
    answer = httpx.request(method, served.url + path, timeout=PATIENCE, **more)
    assert answer.status_code == status
    for name, value in HEADERS:
        assert answer.headers.get_list(name.decode()) == [value.decode()]


def test_fast_path_answered_with_them(served: Served) -> None:
    before = served.get("/metrics").text
    served.post("/predict", PICTURE)
    after = served.get("/metrics").text
    counted = 'tandem_fast_path_total{outcome="answered"}'
    assert before.partition(counted)[2][:8] != after.partition(counted)[2][:8]


def test_page_that_needs_more_says_so_itself(served: Served) -> None:
    [policy] = served.get("/docs").headers.get_list("content-security-policy")
    assert "style-src 'self' 'unsafe-inline'" in policy
