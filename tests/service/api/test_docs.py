"""The documentation pages load nothing from another host, and hold below a proxy's path."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings
from tests.known_answer import picture

PAGES = ("/docs", "/redoc")


@pytest.fixture(scope="module")
def below(settings: Settings) -> Iterator[TestClient]:
    below = settings.model_copy(update={"root_path": "/tandem"})
    with TestClient(create_app(below), raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize("page", PAGES)
def test_page_and_all_that_it_loads_come_from_the_service(client: TestClient, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 200
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    addresses = re.findall(r'(?:src|href|spec-url)="([^"]*)"', answer.text)
    assert len(addresses) >= 3
    for address in addresses:
        assert ":" not in address
        assert client.get(f"/{address}").status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_page_has_no_script_of_its_own(client: TestClient, page: str) -> None:
    scripts = re.findall(r"<script([^>]*)>(.*?)</script>", client.get(page).text, re.DOTALL)
    assert scripts
    assert all("src=" in attributes and not content for attributes, content in scripts)


@pytest.mark.parametrize("prefix", ["", "/tandem"], ids=["proxy-strips", "proxy-passes-on"])
@pytest.mark.parametrize("path", ["/docs", "/health/ready", "/openapi.json", "/v2/health/ready"])
def test_routes_answer_below_the_root_path(below: TestClient, prefix: str, path: str) -> None:
    assert below.get(f"{prefix}{path}").status_code == 200


@pytest.mark.parametrize("prefix", ["", "/tandem"], ids=["proxy-strips", "proxy-passes-on"])
def test_picture_is_answered_below_the_root_path(below: TestClient, prefix: str) -> None:
    answer = below.post(f"{prefix}/predict", content=picture("top-left"))
    assert (answer.status_code, answer.json()["label"]) == (200, "top-left")


def test_openapi_names_the_root_path(below: TestClient) -> None:
    assert below.get("/openapi.json").json()["servers"] == [{"url": "/tandem"}]


def test_path_that_only_begins_like_the_root_path_is_not_found(below: TestClient) -> None:
    assert below.get("/tandemonium/health/ready").status_code == 404


@pytest.mark.parametrize("path", ["tandem", "/tandem/", "/a b", "//", "http://host/x"])
def test_malformed_root_path_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="root_path"):
        Settings(root_path=path)
