import sys

import pytest

from tests.identities import EPOCH
from tests.training.streams import Terminal
from training.progress import Progress


def test_log_gets_one_line_an_epoch_and_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    with Progress(epochs=9, steps=2) as progress:
        progress.step()
        progress.step()
        progress.finish(EPOCH)
    assert not progress.visible
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("epoch   3/9  train loss 0.2500 accuracy 0.9000")


def test_terminal_gets_a_bar_with_loss_accuracy_and_time_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stream = Terminal()
    monkeypatch.setattr(sys, "stderr", stream)
    with Progress(epochs=2, steps=10, done=1) as progress:
        progress.step()
        progress.show(2, 0.5, 0.75)
        progress.bar.refresh()
        text = stream.getvalue()
        assert progress.visible
    assert "epoch 2/2:  55%" in text
    assert "11/20 [" in text
    assert "loss=0.5000" in text
    assert "accuracy=0.7500" in text
    assert "<" in text
