"""Output files of the commands."""

from pathlib import Path

from artifact import files
from training.errors import OutputError


def write(path: Path, content: bytes | str) -> None:
    """Write a file in one step; text as UTF-8.

    Raises:
        OutputError: It cannot be written; what was there before still is.
    """
    try:
        files.replace(path, content.encode() if isinstance(content, str) else content)
    except OSError as error:
        raise OutputError(f"{path.name} cannot be written: {error.strerror}") from error


def make_folder(folder: Path) -> None:
    """Make sure that there is such a folder, before any work is done for it.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"the output folder cannot be made: {error.strerror}") from error
