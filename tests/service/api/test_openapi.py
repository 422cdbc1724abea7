"""The documentation is held to what the service does."""

import pytest
from fastapi.testclient import TestClient

from artifact.manifest import Part
from service.api.schemas import Answer
from tests.known_answer import picture
from tests.service.api.conftest import Schema, operations


def parts(kind: type[Part] = Part) -> dict[str, type[Part]]:
    children = {
        name: part for child in kind.__subclasses__() for name, part in parts(child).items()
    }
    return {kind.__name__: kind, **children}


def documented(operation: Schema) -> type[Part] | None:
    content = operation["responses"]["200"]["content"]
    reference = content.get("application/json", {}).get("schema", {}).get("$ref")
    return parts()[reference.rpartition("/")[2]] if reference else None


def test_every_documented_get_answers_what_it_documents(client: TestClient, schema: Schema) -> None:
    documented_gets = list(operations(schema, "get"))
    assert len(documented_gets) == 43
    for path, operation in documented_gets:
        response = client.get(path)
        assert response.status_code == 200, (path, response.text)
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in operation["responses"]["200"]["content"], path
        if kind := documented(operation):
            kind.model_validate_json(response.content)


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/predict", "image"),
        ("/predict/batch", "images"),
        ("/compare", "image"),
        ("/explain", "image"),
    ],
)
def test_documented_form_can_be_sent(
    client: TestClient, schema: Schema, path: str, field: str
) -> None:
    operation = schema["paths"][path]["post"]
    form = operation["requestBody"]["content"]["multipart/form-data"]["schema"]
    assert form["required"] == list(form["properties"]) == [field]
    response = client.post(path, files={field: ("a.png", picture("top-left"), "image/png")})
    kind = documented(operation)
    assert kind
    kind.model_validate_json(response.content)


@pytest.mark.parametrize("path", ["/predict", "/compare", "/explain"])
def test_documented_raw_bodies_can_be_sent(client: TestClient, schema: Schema, path: str) -> None:
    content = schema["paths"][path]["post"]["requestBody"]["content"]
    raw = sorted(content.keys() - {"multipart/form-data"})
    assert raw == ["application/octet-stream", "image/*", "image/jpeg", "image/png"]
    for media_type in raw:
        headers = {"Content-Type": media_type}
        response = client.post(path, content=picture("top-left"), headers=headers)
        assert response.status_code == 200


def test_every_operation_is_tagged_and_described(schema: Schema) -> None:
    tags = {tag["name"] for tag in schema["tags"]}
    for method in ("get", "post"):
        for path, operation in operations(schema, method):
            assert set(operation["tags"]) <= tags, path
            assert operation["summary"], path


def test_documented_example_is_an_answer(schema: Schema) -> None:
    [example] = schema["components"]["schemas"]["Answer"]["examples"]
    assert Answer.model_validate(example).label in example["probabilities"]
