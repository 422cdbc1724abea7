import io
import tempfile
from base64 import b64decode
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from service.api.schemas import Answer, BatchAnswer, Comparison, Refusal
from service.app import create_app
from service.settings import Settings
from tests.known_answer import GAIN, LABELS, SIDE, known_probability, picture

PNG = "image/png"


def post_form(client: TestClient, path: str, *pictures: bytes, field: str = "images") -> Any:
    files = [(field, (f"{index}.png", data, PNG)) for index, data in enumerate(pictures)]
    response = client.post(path, files=files)
    assert response.status_code == 200, response.text
    return response.json()


@pytest.mark.parametrize("label", LABELS)
def test_form_names_the_bright_quarter(client: TestClient, label: str) -> None:
    answer = Answer.model_validate(
        post_form(client, "/predict?version=1", picture(label), field="image")
    )
    assert (answer.model, answer.version, answer.runtime) == ("known", 1, "onnx")
    assert answer.label == label
    assert answer.probability == pytest.approx(known_probability(), abs=1e-6)
    assert list(answer.probabilities) == list(LABELS)
    assert sum(answer.probabilities.values()) == pytest.approx(1, abs=1e-6)
    assert (answer.accepted, answer.reason) == (True, None)


@pytest.mark.parametrize(
    "content_type", ["image/png", "image/*", "application/octet-stream", "IMAGE/PNG; a=b", None]
)
def test_raw_body_gets_the_answer_of_the_form(client: TestClient, content_type: str | None) -> None:
    headers = {"Content-Type": content_type} if content_type else {}
    raw = client.post("/predict", content=picture("top-right"), headers=headers)
    assert raw.json() == post_form(client, "/predict", picture("top-right"), field="image")


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("", ("known", 2, "onnx", known_probability(2 * GAIN)), id="defaults"),
        pytest.param("model=known&version=1", ("known", 1, "onnx", known_probability()), id="v1"),
        pytest.param(
            "version=1&runtime=torchscript",
            ("known", 1, "torchscript", known_probability()),
            id="torchscript",
        ),
    ],
)
def test_query_chooses_who_answers(
    client: TestClient, query: str, expected: tuple[str, int, str, float]
) -> None:
    answer = client.post(f"/predict?{query}", content=picture("top-left")).json()
    assert (answer["model"], answer["version"], answer["runtime"]) == expected[:3]
    assert answer["probability"] == pytest.approx(expected[3], abs=1e-6)


def test_undecided_picture_is_not_accepted(client: TestClient) -> None:
    answer = client.post("/predict", content=picture("top-left", "top-right")).json()
    assert (answer["accepted"], answer["reason"]) == (False, "unfamiliar")
    assert answer["probability"] == pytest.approx(0.5, abs=0.01)


def test_explanation_shows_what_the_network_saw(client: TestClient) -> None:
    sent = picture("bottom-left", side=80)
    answer = client.post("/predict?explain=true", content=sent, headers={"Content-Type": PNG})
    explanation = Answer.model_validate(answer.json()).explanation
    assert explanation is not None
    seen = Image.open(io.BytesIO(b64decode(explanation.seen)))
    assert seen.size == (SIDE, SIDE)
    assert [seen.getpixel(at) for at in ((1, 1), (1, 6), (6, 6))] == [0, 255, 0]


def test_large_picture_is_answered(client: TestClient) -> None:
    large = picture("bottom-right", side=4000)
    assert client.post("/predict", content=large).json()["label"] == "bottom-right"


def test_batch_answers_in_order(client: TestClient) -> None:
    sent = ["top-right", "bottom-left", "top-left", "top-right"]
    batch = post_form(client, "/predict/batch", *map(picture, sent))
    answers = BatchAnswer.model_validate(batch).answers
    assert [answer.label for answer in answers if isinstance(answer, Answer)] == sent


def test_bad_picture_spoils_only_its_own_answer(client: TestClient) -> None:
    cut = picture("top-left", side=64, format="JPEG")[:300]
    batch = post_form(
        client, "/predict/batch", picture("top-left"), b"text", cut, picture("top-right")
    )
    first, text, damaged, last = BatchAnswer.model_validate(batch).answers
    assert isinstance(first, Answer)
    assert isinstance(last, Answer)
    assert (first.label, last.label) == ("top-left", "top-right")
    assert isinstance(text, Refusal)
    assert isinstance(damaged, Refusal)
    assert (text.status, damaged.status) == (415, 400)


def test_batch_refuses_the_declared_type_of_one_part_alone(client: TestClient) -> None:
    files = [
        ("images", ("a.txt", picture("top-left"), "text/plain")),
        ("images", ("b.png", picture("top-left"), PNG)),
    ]
    refused, answered = client.post("/predict/batch", files=files).json()["answers"]
    assert refused["status"] == 415
    assert "text/plain" in refused["detail"]
    assert answered["label"] == "top-left"


def test_batch_of_bad_pictures_alone_has_no_answer(client: TestClient) -> None:
    batch = post_form(client, "/predict/batch", b"text", b"more text")
    assert [answer["status"] for answer in batch["answers"]] == [415, 415]


def test_large_file_of_a_form_needs_no_disk(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/no/such/directory")
    roomy = settings.model_copy(update={"runtimes": ("onnx",), "max_body_bytes": 3_000_000})
    with TestClient(create_app(roomy)) as client:
        batch = post_form(client, "/predict/batch", picture("top-left"), bytes(2_000_000))
    assert batch["answers"][0]["label"] == "top-left"
    assert batch["answers"][1]["status"] == 413


def test_compare_shows_models_side_by_side(client: TestClient) -> None:
    response = client.post("/compare", content=picture("top-left"))
    comparison = Comparison.model_validate(response.json())
    shown = [(a.model, a.version, a.runtime, a.label == "top-left") for a in comparison.answers]
    assert shown == [("contrary", 1, "onnx", False), ("known", 2, "onnx", True)]
    assert not comparison.agree


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("runtimes=all", [("contrary", "onnx"), ("known", "onnx"), ("known", "torchscript")]),
        ("model=known&model=contrary", [("known", "onnx"), ("contrary", "onnx")]),
        ("model=known", [("known", "onnx")]),
    ],
)
def test_query_chooses_who_is_compared_and_in_which_order(
    client: TestClient, query: str, expected: list[tuple[str, str]]
) -> None:
    compared = post_form(client, f"/compare?{query}", picture("top-left"), field="image")
    assert [(each["model"], each["runtime"]) for each in compared["answers"]] == expected


def test_models_that_agree_are_said_to_agree(client: TestClient) -> None:
    # Its darkest quarter is its brightest one too: all four tie, and a tie goes to the first.
    comparison = client.post("/compare", content=picture(*LABELS)).json()
    assert {answer["label"] for answer in comparison["answers"]} == {"top-left"}
    assert comparison["agree"]


def test_compare_explains_once_for_all_that_see_alike(client: TestClient) -> None:
    compared = client.post("/compare?explain=true", content=picture("top-left")).json()
    alone = client.post("/predict?explain=true", content=picture("top-left")).json()
    (shared,) = compared["explanations"]
    assert shared.pop("models") == ["contrary", "known"]
    assert shared == alone["explanation"]
    assert all(each["milliseconds"] > 0 for each in compared["answers"])


def test_nothing_is_explained_unless_it_is_asked_for(client: TestClient) -> None:
    assert "explanation" not in client.post("/predict", content=picture("top-left")).json()
    compared = client.post("/compare", content=picture("top-left")).json()
    assert "explanations" not in compared
    assert all("milliseconds" not in each for each in compared["answers"])
