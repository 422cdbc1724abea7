import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.identities import BEGUN, EPOCH
from tests.training.streams import Impatient
from training import checkpoint
from training.checkpoint import History
from training.config import RunConfig
from training.data import NO_CLASS, Images, Outliers, Split, normalization
from training.errors import CheckpointError, DivergedError
from training.evaluation.logits import network_logits
from training.networks.architectures import Network, architecture, build
from training.progress import Progress
from training.trainer import Trainer, fit

QUICK = RunConfig(epochs=4, batch_size=32, learning_rate=0.02)


def train(split: Split, config: RunConfig, folder: Path) -> History:
    return fit(fresh(config), split, normalization.measure(split.train), config, folder)


def fresh(config: RunConfig) -> Network:
    return build(architecture(config.architecture), (1, 8, 8), 10, config.seed)


def assert_same(first: History, second: History) -> None:
    for name, weight in first.weights.items():
        assert torch.equal(weight, second.weights[name]), name
    unclocked = [
        [row.model_copy(update={"seconds": 0}) for row in history.curves]
        for history in (first, second)
    ]
    assert unclocked[0] == unclocked[1]


@pytest.fixture(scope="module")
def whole(small: Split, tmp_path_factory: pytest.TempPathFactory) -> History:
    return train(small, QUICK, tmp_path_factory.mktemp("whole"))


def test_loss_falls_and_answers_become_right(whole: History) -> None:
    first, last = whole.curves[0], whole.curves[-1]
    assert last.train_loss < first.train_loss / 2
    assert last.validation_accuracy > 0.5
    assert [row.epoch for row in whole.curves] == [1, 2, 3, 4]


def test_same_seed_gives_the_same_weights(small: Split, whole: History, tmp_path: Path) -> None:
    assert_same(whole, train(small, QUICK, tmp_path))


def test_other_seed_gives_other_weights(small: Split, whole: History, tmp_path: Path) -> None:
    other = train(small, QUICK.model_copy(update={"seed": 1}), tmp_path)
    assert not torch.equal(whole.weights["head.weight"], other.weights["head.weight"])


@pytest.mark.usefixtures("ctrl_c")
@pytest.mark.parametrize("epochs", [1, 3])
def test_interrupted_run_goes_on_to_the_same_weights(
    epochs: int, small: Split, whole: History, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Impatient(epochs))
    with pytest.raises(KeyboardInterrupt):
        train(small, QUICK, tmp_path)
    monkeypatch.undo()
    begun = checkpoint.load(tmp_path, QUICK, small.data)
    assert begun is not None
    assert len(begun.history.curves) == epochs
    assert_same(whole, train(small, QUICK, tmp_path))


def test_finished_run_trains_no_more(small: Split, whole: History, tmp_path: Path) -> None:
    train(small, QUICK, tmp_path)
    before = (tmp_path / checkpoint.FILE).stat().st_mtime_ns
    assert_same(whole, train(small, QUICK, tmp_path))
    assert (tmp_path / checkpoint.FILE).stat().st_mtime_ns == before


def test_run_of_another_config_is_not_continued(small: Split, tmp_path: Path) -> None:
    train(small, QUICK.model_copy(update={"epochs": 1}), tmp_path)
    with pytest.raises(CheckpointError, match=r"other values: epochs 1 -> 4;"):
        train(small, QUICK, tmp_path)


def test_network_is_left_as_the_best_epoch_on_validation_made_it(
    small: Split, tmp_path: Path
) -> None:
    network, scaling = fresh(QUICK), normalization.measure(small.train)
    history = fit(network, small, scaling, QUICK, tmp_path)
    assert not network.training
    logits = network_logits(network, small.validation.pixels, scaling)
    accuracy = (logits.argmax(dim=1) == small.validation.labels).double().mean()
    assert accuracy == max(row.validation_accuracy for row in history.curves)


def test_earlier_epoch_is_kept_when_later_ones_are_worse() -> None:
    history = BEGUN.model_copy(deep=True)
    for number, accuracy, loss in ((1, 0.8, 0.5), (2, 0.9, 0.4), (3, 0.9, 0.3), (4, 0.7, 0.1)):
        row = {"epoch": number, "validation_accuracy": accuracy, "validation_loss": loss}
        history.curves.append(EPOCH.model_copy(update=row))
    assert history.best.epoch == 3


def test_kept_weights_stay_while_training_goes_on(small: Split) -> None:
    trainer = Trainer(fresh(QUICK), normalization.measure(small.train), QUICK, steps=10)
    kept = trainer.weights()
    before = kept["head.weight"].clone()
    trainer.epoch(1, small, Progress(epochs=1, steps=10))
    assert torch.equal(kept["head.weight"], before)
    assert not torch.equal(trainer.weights()["head.weight"], before)


def test_lost_training_is_reported(small: Split, tmp_path: Path) -> None:
    config = QUICK.model_copy(update={"learning_rate": 1e20, "optimizer": "sgd"})
    with pytest.raises(
        DivergedError, match=r"in epoch \d: try a lower --learning-rate than 1e\+20"
    ):
        train(small, config, tmp_path)


@pytest.mark.parametrize("architecture_name", ["conv", "conv2-mobile2"])
@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_weights_stay_in_full_precision(
    architecture_name: str, precision: str, small: Split, tmp_path: Path
) -> None:
    config = QUICK.model_copy(
        update={"architecture": architecture_name, "precision": precision, "epochs": 1}
    )
    network = fresh(config)
    fit(network, small, normalization.measure(small.train), config, tmp_path)
    assert {weight.dtype for weight in network.parameters()} == {torch.float32}


def test_training_set_smaller_than_a_batch_is_one_step(small: Split, tmp_path: Path) -> None:
    config = QUICK.model_copy(update={"batch_size": 1000, "epochs": 1})
    assert len(train(small, config, tmp_path).curves) == 1


def test_outliers_make_the_network_unsure_of_what_is_like_them(
    small: Split, tmp_path: Path
) -> None:
    noise = torch.randint(17, (200, 1, 8, 8), generator=torch.Generator().manual_seed(0)) * 15
    outliers = Images(noise.byte(), torch.full((200,), NO_CLASS))
    taught = replace(small, outliers=Outliers(learnt=outliers))
    config = QUICK.model_copy(update={"outlier_weight": 1.0, "outlier_share": 0.5})
    scaling = normalization.measure(small.train)

    def confidence(split: Split, folder: Path) -> float:
        network = fresh(config)
        fit(network, split, scaling, config, folder)
        logits = network_logits(network, outliers.pixels, scaling)
        return float(logits.softmax(dim=1).amax(dim=1).mean())

    untaught = confidence(small, tmp_path / "untaught")
    assert confidence(taught, tmp_path / "taught") < untaught - 0.1


def test_weight_of_outliers_changes_nothing_where_there_are_none(
    small: Split, tmp_path: Path
) -> None:
    config = QUICK.model_copy(update={"epochs": 1})
    weighted = config.model_copy(update={"outlier_weight": 1.0})
    assert_same(train(small, config, tmp_path / "a"), train(small, weighted, tmp_path / "b"))
