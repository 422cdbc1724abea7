"""What is refused of a picture, and the root of every error of Tandem.

Each message says what was wrong and what is accepted, and is fit to be shown to the client.
"""


class TandemError(Exception):
    """The root of the tree: catch it to catch all of them."""


class ImageError(TandemError):
    """The bytes of a picture are refused."""


class UnsupportedType(ImageError):
    """The bytes are no image, or of a format that is not on the allow-list."""


class Undecodable(ImageError):
    """The format is known, but the picture is damaged or cut short."""


class TooLarge(ImageError):
    """The picture has more bytes or more pixels than the limit."""
