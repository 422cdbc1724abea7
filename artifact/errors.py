"""Everything this package refuses, as one small tree.

TandemError                 of vision.errors
├── BrokenArtifact          a published folder is not what its manifest says
├── UnknownModel            no such model, version or runtime; says which there are
├── UnknownStudy            no such study, or it has no such figure; says which there are
└── RuntimeUnavailable      the runtime needs a library that is not installed

Each message says what was wrong and what is accepted, and is fit to be shown to the client.
"""

from vision.errors import TandemError


class BrokenArtifact(TandemError):
    """A published folder is not what its manifest says; the message names the file."""


class UnknownModel(TandemError):
    """No such model, version or runtime; the message says which there are."""


class UnknownStudy(TandemError):
    """No such study, or it has no such figure; the message says which there are."""


class RuntimeUnavailable(TandemError):
    """The runtime needs a library that is not installed here."""
