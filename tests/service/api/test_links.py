"""Links lead to what is there, and what a client has is not sent again: of every resource."""

from typing import Any

import pytest
from fastapi.testclient import TestClient

from service.app import create_app
from service.settings import Settings


@pytest.mark.parametrize(
    "path",
    [
        "/models/known/curves.png",
        "/models/known/files/onnx",
        "/models/known/predictions",
        "/studies/widths/figures/curves.png",
        "/datasets/quarters/test-pictures",
        "/datasets/quarters/test-pictures/0",
        "/datasets/quarters/test-pictures/sheets/0.png",
    ],
)
def test_what_the_client_has_is_not_sent_again(client: TestClient, path: str) -> None:
    first = client.get(path)
    etag = first.headers["etag"]
    for known in (etag, f'"other", W/{etag}', "*"):
        again = client.get(path, headers={"If-None-Match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    other = client.get(path, headers={"If-None-Match": '"other"'})
    assert (other.status_code, other.content) == (200, first.content)


def test_links_stay_behind_a_proxys_prefix(settings: Settings) -> None:
    with TestClient(create_app(settings), root_path="/vision") as client:

        def get(path: str) -> Any:
            return client.get(f"/vision{path}").json()

        pictures = get("/datasets")["datasets"][0]["link"]
        assert pictures == "/vision/datasets/quarters/test-pictures"
        for link in (
            pictures,
            *get("/datasets/quarters/test-pictures")["sheets"],
            get("/models/known/filters")["layers"][0]["picture"],
            get("/models/known/graph")["layers"][0]["filters"],
            *get("/studies")["studies"][0]["figures"].values(),
        ):
            assert link.startswith("/vision/")
            assert client.get(link).status_code == 200
