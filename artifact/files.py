"""Files of published folders: read safely, replaced in one step, known by their SHA-256."""

import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import IO, Final

from artifact.errors import BrokenArtifact
from artifact.manifest import File

_MOST_BYTES: Final = 16_000_000  # of a document that no manifest gives the length of
# Not every system has them. A pipe that nobody writes to would be waited for.
_FLAGS: Final = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_IN_MEMORY: Final = Path("/dev/shm")  # noqa: S108 - TemporaryDirectory makes a private one in it


def temporary_folder() -> TemporaryDirectory[str]:
    """Make a folder that goes with its block: in memory, which containers can always write to."""
    where = _IN_MEMORY if os.access(_IN_MEMORY, os.W_OK) else None
    return TemporaryDirectory(prefix="tandem-", dir=where)


@contextmanager
def open_inside(folder: Path, path: str, shown: str) -> Iterator[tuple[IO[bytes], int]]:
    """Open a regular file below a folder, through no symbolic link; also give its length.

    Args:
        folder: Of an artifact or a study.
        path: Relative to it, with forward slashes.
        shown: The file's name, for messages.

    Raises:
        BrokenArtifact: It cannot be read, or is no such file.
    """
    place = folder
    for part in PurePosixPath(path).parts:
        place /= part
        if place.is_symlink():
            raise BrokenArtifact(f"{shown} is a symbolic link, or lies behind one")
    try:
        with open(place, "rb", opener=_open) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise BrokenArtifact(f"{shown} is no regular file")
            yield file, status.st_size
    except OSError as error:
        raise BrokenArtifact(f"{shown} cannot be read: {error.strerror}") from error


def _open(name: str, flags: int) -> int:
    return os.open(name, flags | _FLAGS)


def read_inside(folder: Path, path: str, shown: str) -> bytes:
    """Read a document whose length nothing gives, as `open_inside` opens it.

    Raises:
        BrokenArtifact: As `open_inside`, or it is too long for a document.
    """
    with open_inside(folder, path, shown) as (file, length):
        if length > _MOST_BYTES:
            raise BrokenArtifact(f"{shown} has {length} bytes; at most {_MOST_BYTES} are read")
        return file.read(_MOST_BYTES)


def read_verified(folder: Path, file: File, shown: str) -> bytes:
    """Read a file that a document describes, as `open_inside` opens it.

    Raises:
        BrokenArtifact: As `open_inside`, or it has another length or checksum.
    """
    with open_inside(folder, file.path, shown) as (content, length):
        if length != file.bytes:
            raise BrokenArtifact(f"{shown} has {length} bytes, not {file.bytes} as was noted")
        data = content.read(length)
    if sha256(data) != file.sha256:
        raise BrokenArtifact(f"{shown} does not have its checksum")
    return data


def sha256(*parts: bytes | memoryview) -> str:
    """The digest of all parts, one after another, in hexadecimal."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()


def describe(path: str, content: bytes) -> File:
    """What a manifest says of a file."""
    return File(path=path, sha256=sha256(content), bytes=len(content))


def replace(path: Path, content: bytes | memoryview) -> None:
    """Write a file in one step: a kill at any moment leaves the old content or the new.

    Args:
        path: Its folder is made if missing.
        content: All of it.

    Raises:
        OSError: It cannot be written; the old content is still there.
    """
    with replacing(path) as file:
        file.write(content)


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Open a file to write that takes the place of `path` once the block has ended well.

    Raises:
        OSError: As `replace`.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with partial.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
