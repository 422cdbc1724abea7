from tests.identities import EPOCH
from training.checkpoint import History
from training.config import RunConfig
from training.data import Images, Split
from training.environment import Environment
from training.export.publication import describe_provenance


def test_everything_that_made_the_weights_is_told(small: Split) -> None:
    config = RunConfig(seed=5, train_ratio=0.7)
    environment = Environment(commit="c" * 40, libraries={"torch": "1"}, hardware="a machine")
    told = describe_provenance(config, small, History(environment=environment, curves=[EPOCH]))
    assert RunConfig.model_validate(told.config) == config
    assert (told.seed, told.epoch, told.dataset) == (5, 3, "digits")
    assert (told.split.train, told.split.validation, told.split.test) == (320, 100, 60)
    assert (told.commit, told.libraries, told.hardware) == ("c" * 40, {"torch": "1"}, "a machine")
    assert (told.data_sha256, told.split.test_sha256) == (small.data.sha256, small.data.test_sha256)


def test_digest_tells_images_and_labels_apart(small: Split) -> None:
    images = small.test
    other_pixels, other_labels = images.pixels.clone(), images.labels.clone()
    other_pixels[3, 0, 2, 2] += 1
    other_labels[3] = (other_labels[3] + 1) % 10
    digests = {
        each.sha256
        for each in (
            images,
            Images(images.pixels.clone(), images.labels.clone()),
            Images(other_pixels, images.labels),
            Images(images.pixels, other_labels),
        )
    }
    assert len(digests) == 3
