from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from research.ood import OODConfig, RunScores, ScoreRow, compare_scores, write_report
from tests.identities import BEGUN, DATA
from training import checkpoint
from training.config import RunConfig
from training.errors import CheckpointError, DatasetError
from training.evaluation.rejection import separate


def row(method: str, outliers: np.ndarray) -> ScoreRow:
    separation = separate(np.linspace(0, 1, 100), {"noise": outliers})
    return ScoreRow(
        method, separation, 0.995, {"everything": 0.9, "noise": 0.9, "printed digits": 0}
    )


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
    checkpoint.save(tmp_path / "eights", RunConfig(), DATA, BEGUN, {})
    with pytest.raises(DatasetError, match="it is not known what is no picture of its classes"):
        compare_scores(OODConfig(run=("eights",), runs_dir=tmp_path))
