"""Every study is a question that can be answered: its arms differ, its runs can be shared."""

from collections import Counter

import pytest

from research.study.catalogue import studies
from research.study.definition import Definition, Run

STUDIES = studies()


@pytest.mark.parametrize("study", STUDIES.values(), ids=STUDIES)
def test_arms_differ_in_what_they_say_and_in_nothing_else(study: Definition) -> None:
    runs = {arm.label: study.run(arm, seed=0) for arm in study.arms}
    assert len(runs) == len(study.arms) >= 2
    assert len({run.effective for run in runs.values()}) == len(study.arms)
    for arm in study.arms:
        config, base = runs[arm.label].config.model_dump(), study.base.model_dump()
        changed = {name for name in base if config[name] != base[name]}
        assert changed <= arm.changes.keys()


@pytest.mark.parametrize("question", ["architectures", "mixes", "optimizers", "losses", "ratios"])
def test_question_is_asked_in_both_protocols(question: str) -> None:
    its, ours = STUDIES[question], STUDIES[f"{question}-ours"]
    assert (its.protocol, ours.protocol) == ("seed", "ours")
    assert its.base.epochs == ours.base.epochs == 10
    assert (its.base.learning_rate, its.base.train_ratio) == (0.001, 0.8)
    assert (its.base.augmentation.strength, its.base.ema_decay) == (0, 0)


def test_protocols_own_arm_is_shared_by_the_studies_of_an_architecture() -> None:
    shares = Counter[Run]()
    for study in STUDIES.values():
        shares.update({run.effective for _, run in study.runs()})
    assert max(shares.values()) >= 5
    assert sum(count > 1 for count in shares.values()) >= 9


def test_first_seed_of_every_arm_comes_before_the_second() -> None:
    seeds = [run.config.seed for _, run in STUDIES["losses"].runs()]
    assert seeds == sorted(seeds)
