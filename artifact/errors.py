"""Everything this package refuses, as one small tree.

TandemError                 never raised itself
├── BrokenArtifact          a published folder is not what its manifest says
├── UnknownModel            no such model, version or runtime; says which there are
├── UnknownStudy            no such study, or it has no such figure; says which there are
├── RuntimeUnavailable      the runtime needs a library that is not installed
└── ImageError              the bytes of a picture are refused
    ├── UnsupportedType     not a format on the allow-list
    ├── Undecodable         a known format, but damaged or cut short
    └── TooLarge            more bytes or more pixels than the limit

Each message says what was wrong and what is accepted, and is fit to be shown to whoever asked.
"""


class TandemError(Exception):
    """The root of the tree: catch it to catch all of them."""


class BrokenArtifact(TandemError):
    """A published folder is not what its manifest says; the message names the file."""


class UnknownModel(TandemError):
    """No such model, version or runtime; the message says which there are."""


class UnknownStudy(TandemError):
    """No such study, or it has no such figure; the message says which there are."""


class RuntimeUnavailable(TandemError):
    """The runtime needs a library that is not installed here."""


class ImageError(TandemError):
    """The bytes of a picture are refused."""


class UnsupportedType(ImageError):
    """The bytes are no image, or of a format that is not on the allow-list."""


class Undecodable(ImageError):
    """The format is known, but the picture is damaged or cut short."""


class TooLarge(ImageError):
    """The picture has more bytes or more pixels than the limit."""
