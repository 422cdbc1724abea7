from pathlib import Path

from artifact.predictor import Predictor
from service.observability.telemetry import Telemetry
from tests.known_answer import publish_known_answer

MODEL = 'model="known",runtime="onnx",version="1"'


def predictor(root: Path) -> Predictor:
    return publish_known_answer(root, runtimes=("onnx",)).open("onnx")


def lines(telemetry: Telemetry) -> list[str]:
    return telemetry.render().decode().splitlines()


def test_model_tells_its_queue_and_its_batches(tmp_path: Path) -> None:
    telemetry = Telemetry()
    model = telemetry.of(predictor(tmp_path))
    model.queued(3)
    model.queued(1)
    model.dequeued(3, 0.003, (None,))
    model.inferred(3, 0.0004, (None,))
    written = lines(telemetry)
    for line in (
        f"tandem_queue_depth{{{MODEL}}} 1.0",
        f"tandem_queue_seconds_count{{{MODEL}}} 1.0",
        f"tandem_queue_seconds_sum{{{MODEL}}} 0.003",
        f"tandem_inference_seconds_sum{{{MODEL}}} 0.0004",
        f'tandem_batch_size_bucket{{le="2.0",{MODEL}}} 0.0',
        f'tandem_batch_size_bucket{{le="4.0",{MODEL}}} 1.0',
        f"tandem_predictions_total{{{MODEL}}} 3.0",
    ):
        assert line in written


def test_model_loaded_again_goes_on_where_it_was(tmp_path: Path) -> None:
    telemetry = Telemetry()
    known = publish_known_answer(tmp_path, runtimes=("onnx",))
    for _ in range(2):
        telemetry.of(known.open("onnx")).inferred(1, 0.001, (None,))
    assert f"tandem_predictions_total{{{MODEL}}} 2.0" in lines(telemetry)
