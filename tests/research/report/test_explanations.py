import pytest

from research.report.analysis import explain


@pytest.mark.parametrize(
    ("study", "better", "worse", "own", "why"),
    [
        ("batch-sizes", "64", "256", "64", "batches of 256 give 4 times fewer steps"),
        ("batch-sizes-ours", "128", "256", "128", "batches of 256 give 2 times fewer steps"),
        ("batch-sizes-ours", "128", "64", "128", "the gradient of batches of 64 is noisier"),
        ("learning-rates", "0.01", "0.001", "0.001", "steps at 0.001 are too small"),
        ("learning-rates-ours", "0.01", "0.03", "0.01", "steps at 0.03 are too large"),
        ("losses-ours", "label-smoothing", "cross-entropy", "cross-entropy", "right already"),
        ("optimizers", "adam", "sgd", "adam", "at this learning rate gets less far"),
        ("optimizers-ours", "adamw", "sgd with momentum", "adamw", "rate of 0.1 is the customary"),
    ],
)
def test_difference_is_explained(study: str, better: str, worse: str, own: str, why: str) -> None:
    assert why in (explain(study, better, worse, own) or "")


@pytest.mark.parametrize(
    ("study", "better", "worse", "own"),
    [
        ("optimizers-ours", "sgd with momentum", "adamw", "adamw"),
        ("of its own", "one", "other", None),
    ],
)
def test_what_is_not_known_is_not_explained(
    study: str, better: str, worse: str, own: str | None
) -> None:
    assert explain(study, better, worse, own) is None
