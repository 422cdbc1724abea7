from pathlib import Path

import pytest

from artifact.repository import Repository

MODELS = Path(__file__).parents[3] / "models"
NAMES = ("conv", "conv1-mobile3", "conv3-mobile1", "mobilenet", "mobilenet-tiny")


@pytest.fixture(scope="package")
def repository() -> Repository:
    """The models of the project itself."""
    return Repository.scan(MODELS)
