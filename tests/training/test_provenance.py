import torch

from training import provenance
from training.config import RunConfig
from training.data import Split
from training.fit import Fitted
from training.origin import Origin


def test_everything_that_made_the_weights_is_told(small: Split) -> None:
    config = RunConfig(seed=5, train_ratio=0.7)
    origin = Origin(commit="c" * 40, libraries={"torch": "1"}, hardware="a machine")
    told = provenance.describe(config, small, Fitted(torch.nn.Identity(), 3, (), origin))
    assert RunConfig.model_validate(told.config) == config
    assert (told.seed, told.epoch, told.dataset) == (5, 3, "digits")
    assert (told.split.train, told.split.validation, told.split.test) == (320, 100, 60)
    assert (told.commit, told.libraries, told.hardware) == ("c" * 40, {"torch": "1"}, "a machine")
