from fastapi.testclient import TestClient


def test_graph_adds_up_to_what_the_manifest_says(published: TestClient) -> None:
    for model in published.get("/models").json()["models"]:
        graph = published.get(f"/models/{model['name']}/graph").json()
        assert graph["macs"] == model["macs"] == sum(layer["macs"] for layer in graph["layers"])
        assert graph["bytes"] == model["bytes"]["onnx"]
        assert graph["parameters"] <= model["parameters"]


def test_filters_of_every_layer_that_has_some_are_drawn(published: TestClient) -> None:
    layers = published.get("/models/mobilenet-tiny/graph").json()["layers"]
    for number, layer in enumerate(layers):
        place = f"/models/mobilenet-tiny/graph/{number}.png"
        drawn = published.get(layer["filters"] or place)
        assert drawn.status_code == (404 if layer["weight"] is None else 200)
    assert published.get("/models/mobilenet-tiny/graph/9999.png").status_code == 404


def test_time_of_every_layer_is_measured_alone(published: TestClient) -> None:
    measured = published.post("/models/mobilenet/profile?seconds=0.05").json()
    names = {layer["name"] for layer in published.get("/models/mobilenet/graph").json()["layers"]}
    assert set(measured["layers"]) <= names
    assert 0 < sum(measured["layers"].values()) < measured["microseconds"]
    with published.app.state.service.benchmark.take():  # type: ignore[attr-defined]  # Starlette's
        assert published.post("/models/mobilenet/profile").status_code == 409
    assert published.post("/models/mobilenet/profile?seconds=6").status_code == 422
