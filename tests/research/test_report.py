"""The page is made of what is stored, and says what the figures say."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from artifact.metrics import Metrics, Seeds
from artifact.repository import Repository
from artifact.statistics.comparison import Contender, OptionGroup, option_groups
from artifact.statistics.decision import decide
from artifact.statistics.option import Option
from research.__main__ import main
from research.report import recommend
from tests.contenders import option
from tests.known_answer import publish_known_answer, replace_files
from tests.research.stored import store_study

FLAT = (0.98, 0.981, 0.979)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    publish_known_answer(tmp_path / "models", "known", runtimes=("onnx",))
    return tmp_path / "models"


def report(folder: Path) -> str:
    places = ("--studies-dir", str(folder / "studies"), "--models-dir", str(folder / "models"))
    output = folder / "docs" / "REPORT.md"
    assert main(["report", *places, "--output", str(output)]) == 0
    return output.read_text("utf-8")


def section(page: str, title: str) -> str:
    found = re.search(rf"^#+ {re.escape(title)}$(.*?)(?=^#|\Z)", page, re.DOTALL | re.MULTILINE)
    assert found, title
    return re.sub(r"(?<=[.:])\n(?=[^\n|#-])", " ", found[1])  # a sentence a line


def test_nothing_stored_is_said(tmp_path: Path, models: Path) -> None:
    page = report(tmp_path)
    assert "No study has been stored yet." in page
    assert models.exists()


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("conv", "verdict", "noise"),
    [
        (
            (0.99, 0.992, 0.988),
            "**conv** is ahead of **mobilenet** by 1.00 points",
            ": more than noise.",
        ),
        (
            (0.97, 0.972, 0.968),
            "**mobilenet** is ahead of **conv** by 1.00 points",
            ": more than noise.",
        ),
        (
            (0.984, 0.975, 0.983),
            "**conv** is ahead of **mobilenet** by 0.07 points",
            ": no more than noise.",
        ),
        ((0.99,), "1 seed in common cannot tell it from noise", ""),
    ],
    ids=["better", "worse", "noise", "one seed"],
)
def test_words_follow_the_figures(
    tmp_path: Path, conv: tuple[float, ...], verdict: str, noise: str
) -> None:
    store_study(tmp_path / "studies", "architectures", {"mobilenet": FLAT, "conv": conv})
    told = section(report(tmp_path), "MobileNet blocks or standard convolutions")
    assert verdict in told
    assert noise in told
    assert "| mobilenet \\* | 3 |" in told


@pytest.mark.usefixtures("models")
def test_every_figure_that_is_linked_is_there(tmp_path: Path) -> None:
    store_study(tmp_path / "studies", "mixes", {"conv1-mobile3": FLAT, "conv3-mobile1": FLAT})
    store_study(tmp_path / "studies", "losses", {"cross-entropy": FLAT, "focal": FLAT})
    store_study(tmp_path / "studies", "flawed-head", {"sound head": FLAT, HEAD: (0.5, 0.5)})
    links = re.findall(r"!\[[^\]]*\]\(([^)]+)\)", report(tmp_path))
    assert len(links) == 3 + 1
    for link in links:
        assert (tmp_path / "docs" / link).read_bytes().startswith(b"\x89PNG"), link


HEAD = "ReLU on the logits"


@pytest.mark.usefixtures("models")
def test_findings_of_an_arm_are_counted_and_named(tmp_path: Path) -> None:
    store_study(tmp_path / "studies", "flawed-head", {"sound head": FLAT, HEAD: (0.5, 0.98, 0.98)})
    told = section(report(tmp_path), "A ReLU on the logits")
    rows = [line for line in told.splitlines() if line.startswith(("| sound", "| ReLU"))]
    assert [row.split(" | ")[-1] for row in rows] == ["- |", "`dead-output` in 1 run |"]


@pytest.mark.usefixtures("models")
def test_own_arm_is_known_by_a_part_of_a_setting_too(tmp_path: Path) -> None:
    store_study(tmp_path / "studies", "interpolations-ours", {"bilinear": FLAT, "bicubic": FLAT})
    told = section(report(tmp_path), "Resampling of changed images")
    assert "| bilinear \\* | 3 |" in told


@pytest.mark.usefixtures("models")
def test_varied_arms_are_held_against_the_protocols_own(tmp_path: Path) -> None:
    arms = {"cross-entropy": FLAT, "focal": (0.97, 0.972, 0.968), "label-smoothing": FLAT}
    store_study(tmp_path / "studies", "losses", arms)
    told = section(report(tmp_path), "Loss function")
    assert "| cross-entropy \\* | 3 |" in told
    assert "That is the protocol's own choice: no other arm does better." in told


def test_seeds_of_a_model_are_told_with_the_published_one_in_bold(
    tmp_path: Path, models: Path
) -> None:
    artifact = Repository.scan(models).get("known")
    seeds = Seeds(test_accuracy={0: 0.75, 1: 0.8}, mean=0.775, standard_deviation=0.03536)
    metrics = artifact.document("metrics", Metrics).model_copy(update={"seeds": seeds})
    replace_files(artifact, metrics=metrics.model_dump_json().encode())
    told = section(report(tmp_path), "Seeds")
    assert "| `known` | **75.00%** | 80.00% | 77.500 ± 3.536% |" in told


def test_recommendation_is_the_decision_of_the_service(tmp_path: Path, models: Path) -> None:
    publish_known_answer(models, "larger", runtimes=("onnx", "torchscript"))
    told = section(report(tmp_path), "Which model to ship")
    contenders = map(Contender.of, Repository.scan(models))
    (group,) = option_groups(contenders)
    decision = decide(group.options)
    verdict = f"ship `{decision.pick.model}`" if decision.pick else "ship none"
    assert verdict in told
    assert all(reason in told for reason in decision.reasons)


LARGE = option("large", range(5), kib=500, ms=0.5)
SMALL = option("small", range(99), kib=20, ms=0.1)


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ([LARGE, SMALL], ["at most 20 KiB", "at most 100 µs a picture"]),
        ([option("best", (), kib=9, ms=0.01), SMALL], []),
        ([replace(LARGE, p50_ms=None), replace(SMALL, p50_ms=None)], ["at most 20 KiB"]),
    ],
    ids=["size-and-time", "best-in-all", "no-time"],
)
def test_limits_are_those_that_change_the_pick(options: list[Option], limits: list[str]) -> None:
    advice = recommend(OptionGroup("shapes", options))
    assert advice.decision.pick is not None
    assert advice.decision.pick.model == options[0].model
    told = [(limit, choice.model) for limit, choice in advice.limits]
    assert told == [(limit, "small") for limit in limits]
