"""Everything this package refuses, as one small tree.

Each message says what was wrong and what is accepted, and is fit to be shown to the client.
"""

from collections.abc import Callable

from vision.errors import TandemError

# What happens to something broken in a repository of many: its name, and why.
OnBroken = Callable[[str, TandemError], None]


def refuse(_name: str, error: TandemError) -> None:
    """Stop at the first thing that is broken.

    Raises:
        TandemError: Always.
    """
    raise error


class BrokenArtifact(TandemError):
    """A published folder is not what its manifest says; the message names the file."""


class NotPublished(TandemError):
    """A folder cannot be written where models are published; the message says why."""


class UnknownModel(TandemError):
    """No such model, version or runtime; the message says which there are."""


class NothingLoaded(UnknownModel):
    """A model is to be chosen, and there is none."""


class UnknownStudy(TandemError):
    """No such study, or it has no such figure; the message says which there are."""


class UnknownDataset(TandemError):
    """No such data set, or it has no such test picture; the message says which there are."""


class RuntimeUnavailable(TandemError):
    """The runtime needs a library that is not installed here."""
