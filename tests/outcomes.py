"""Outcomes of runs that were never run."""

from pydantic import JsonValue

from artifact.manifest import Blocks, Finding
from artifact.metrics import ClassMetrics, Epoch, MacroMetrics, Metrics, SplitMetrics
from artifact.study import Head, Outcome
from tests.manifests import provenance

LABELS = ("a", "b")
EPOCHS = 2
IMAGES = 1000  # of each class


def outcome(
    config: dict[str, JsonValue],
    *,
    test: float = 0.99,
    validation: float = 0.98,
    loss: float = 0.1,
    head: Head = "linear",
    findings: tuple[Finding, ...] = (),
) -> Outcome:
    """A run of two classes with that accuracy, to the thousandth, by a config with a seed."""
    seed = int(str(config["seed"]))
    epochs = [
        Epoch(
            epoch=number,
            learning_rate=0.1,
            train_loss=0.2,
            train_accuracy=0.9,
            validation_loss=loss,
            validation_accuracy=validation,
            seconds=0.5,
        )
        for number in range(1, EPOCHS + 1)
    ]
    return Outcome(
        network=Blocks(
            blocks=("mobile",), stem=4, widths=(4,), strides=(1,), parameters=300, macs=2000
        ),
        head=head,
        provenance=provenance(
            "letters", 2 * IMAGES, seed=seed, config=config, epoch=EPOCHS, seconds=0.5 * EPOCHS
        ),
        metrics=Metrics(
            train=split(0.995), validation=split(validation, loss), test=split(test), curves=epochs
        ),
        findings=findings,
    )


def split(accuracy: float, loss: float = 0.1) -> SplitMetrics:
    """As many of each class right; at one half, b is never said."""
    right = round(IMAGES * accuracy)
    rows = ((right, IMAGES - right), (IMAGES - right, right))
    if accuracy == 0.5:
        rows = ((IMAGES, 0), (IMAGES, 0))
    return SplitMetrics(
        accuracy=right / IMAGES,
        loss=loss,
        macro=MacroMetrics(precision=accuracy, recall=accuracy, f1=accuracy),
        per_class=tuple(
            ClassMetrics(
                label=label, precision=accuracy, recall=accuracy, f1=accuracy, support=IMAGES
            )
            for label in LABELS
        ),
        confusion_matrix=rows,
        interval=(max(0.0, accuracy - 0.01), min(1.0, accuracy + 0.01)),
        calibration_error=0.01,
    )
