"""The studies that this repository stores, and the report that is made of them."""

import re
from pathlib import Path

from artifact.study import Studies
from research.report import ReportConfig, write_report

ROOT = Path(__file__).parent.parent
PLACE = re.compile(rb"site-packages|/(?:home|root|tmp|work|usr)/")


def test_stored_studies_are_whole() -> None:
    for stored in Studies.scan(ROOT / "studies"):
        whole = stored.whole()
        assert whole.runs.keys() == stored.study.digests


def test_no_study_names_a_place_of_the_machine_it_was_done_on() -> None:
    files = (ROOT / "studies").rglob("*.json")
    assert not [path for path in files if PLACE.search(path.read_bytes())]


def test_report_is_the_one_of_what_is_stored(tmp_path: Path) -> None:
    """Where this fails, `make report` writes it anew."""
    for folder in ("studies", "models"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    output = tmp_path / "docs" / "REPORT.md"
    write_report(
        ReportConfig(
            studies_dir=tmp_path / "studies", models_dir=tmp_path / "models", output=output
        )
    )
    assert output.read_text("utf-8") == (ROOT / "docs" / "REPORT.md").read_text("utf-8")
