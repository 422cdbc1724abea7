from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from research.__main__ import main
from research.ood.compare_scores import OODConfig, compare_scores
from research.ood.report import RunScores, ScoreRow, write_report
from research.ood.scores import Activations, activations_of, methods
from tests.identities import DATA
from training import checkpoint
from training.config import RunConfig
from training.data.normalization import Normalization
from training.errors import CheckpointError, DatasetError
from training.evaluation.rejection import separate
from training.networks.architectures import MOBILENET, build

RNG = np.random.default_rng(0)
LABELS = np.repeat([0, 1], 500)
CENTRES = np.array([[5.0, 0, 0], [-5.0, 0, 0]])


def activations(features: np.ndarray) -> Activations:
    return Activations(features, features[:, :2])


KNOWN = activations(CENTRES[LABELS] + RNG.normal(0, 1, (1000, 3)))


def row(method: str, outliers: np.ndarray) -> ScoreRow:
    separation = separate(np.linspace(0, 1, 100), {"noise": outliers})
    return ScoreRow(
        method, separation, 0.995, {"everything": 0.9, "noise": 0.9, "printed digits": 0}
    )


def test_features_are_what_the_head_makes_logits_of() -> None:
    network = build(MOBILENET, (1, 28, 28), 10, seed=0)
    pixels = torch.randint(256, (3, 1, 28, 28), dtype=torch.uint8)
    seen = activations_of(network, pixels, Normalization((0.1,), (0.3,)))
    with torch.inference_mode():
        again = network.head(torch.from_numpy(seen.features).float())
    assert seen.features.shape == (3, MOBILENET.widths[-1])
    np.testing.assert_allclose(seen.logits, again, atol=1e-5)


@pytest.mark.parametrize(
    "name",
    ["max-softmax", "energy", "max-logit", "feature distance", "relative feature distance"],
)
def test_score_is_higher_at_a_class_than_between_classes(name: str) -> None:
    score = methods(KNOWN, LABELS, temperature=1.0)[name]
    at_class, between = score(activations(np.array([CENTRES[0], [0.0, 0, 0]])))
    assert at_class > between


def test_feature_distance_sees_what_the_logits_do_not_tell() -> None:
    score = methods(KNOWN, LABELS, temperature=1.0)["feature distance"]
    at_class, beside = score(activations(np.array([CENTRES[0], CENTRES[0] + [0, 0, 9]])))
    assert at_class > beside + 50


def test_report_has_a_table_for_each_run_and_a_figure(tmp_path: Path) -> None:
    rows = (row("energy", np.full(9, 0.8)), row("max-logit", np.full(9, 0.2)))
    compared = RunScores("a-run", RunConfig(outlier_weight=0.5), 0.9951, rows)
    write_report([compared, compared], tmp_path / "docs" / "REPORT.md")
    text = (tmp_path / "docs" / "REPORT.md").read_text("utf-8")
    assert text.count("## a-run") == 2
    assert "test accuracy 99.51%" in text
    assert "| max-logit | 80.0 | 80.0 |" in text
    assert "| max-logit | 0.5 | 90.0 | 90.0 | 0.0 |" in text
    assert compared.best.method == "max-logit"
    with Image.open(tmp_path / "docs" / "REPORT.png") as figure:
        assert min(figure.size) > 200


def test_run_that_was_never_begun_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="there is no run 'nowhere'"):
        compare_scores(OODConfig(run=("nowhere",), runs_dir=tmp_path))


def test_run_on_anything_but_digits_is_refused(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "eights", RunConfig(), DATA, history={"weights": {}})
    with pytest.raises(DatasetError, match="it is not known what is no picture of its classes"):
        compare_scores(OODConfig(run=("eights",), runs_dir=tmp_path))


def test_old_spelling_works_and_names_the_new_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["decline", "--run", "nowhere", "--runs-dir", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "`decline` is now `ood`" in said
    assert "there is no run 'nowhere'" in said
