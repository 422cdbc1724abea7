"""Publish a model: fill a staging folder beside the target, then rename it.

A reader sees a whole version or none. Who is ended while publishing leaves a staging folder, which
the next one to publish that name removes: its lock says that nobody fills it any more.
"""

import errno
import secrets
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout
from pydantic import BaseModel, TypeAdapter

from artifact.errors import NotPublished
from artifact.files import describe, replace
from artifact.manifest import PATHS, File, Manifest, Name, Role
from artifact.repository import MANIFEST, Artifact, open_artifact, visible_folders

_NAME: TypeAdapter[str] = TypeAdapter(Name)
_STAGING: Final = ".staging-"
_TAKEN: Final = (errno.EEXIST, errno.ENOTEMPTY)


@contextmanager
def staging(root: Path, name: str) -> Iterator[Path]:
    """Make a folder to fill before `publish`; what is left of it afterwards is removed.

    Raises:
        NotPublished: It cannot be made.
    """
    parent = root / _NAME.validate_python(name)
    with ExitStack() as stack:
        with writing(f"model {name}"):
            parent.mkdir(parents=True, exist_ok=True)
            stack.callback(_remove_if_empty, parent)
            _remove_abandoned(parent)
            folder = stack.enter_context(_locked_folder(parent))
        yield folder


def check_publishable(root: Path, name: str) -> None:
    """Find out before hours of training whether their result can be written.

    Raises:
        NotPublished: It cannot.
    """
    is_new = not root.exists()
    with staging(root, name):
        pass
    if is_new:
        _remove_if_empty(root)


def fill(folder: Path, role: Role, content: bytes | BaseModel) -> None:
    """Write the file of that role into a folder; a document becomes JSON.

    Raises:
        NotPublished: It cannot be written.
    """
    path = folder / PATHS[role]
    if isinstance(content, BaseModel):
        indent = None if role == "predictions" else 2  # it is long, and no one reads it
        content = content.model_dump_json(indent=indent).encode() + b"\n"
    with writing(PATHS[role]):
        replace(path, content)


def next_version(root: Path, name: str) -> int:
    """Say which version a publish under that name would get; the first is 1."""
    parent = root / _NAME.validate_python(name)
    folders = visible_folders(parent) if parent.is_dir() else []
    return 1 + max((int(folder.name) for folder in folders if folder.name.isdecimal()), default=0)


def list_files(folder: Path) -> dict[Role, File]:
    """Describe, by role, every file of a staged folder that the contract knows."""
    present = {role: path for role, path in PATHS.items() if (folder / path).is_file()}
    return {role: describe(path, (folder / path).read_bytes()) for role, path in present.items()}


def write_manifest(folder: Path, manifest: Manifest) -> Artifact:
    """Write the manifest of a folder in one step, and open it as a reader will.

    Raises:
        NotPublished: It cannot be written.
    """
    with writing(MANIFEST):
        replace(folder / MANIFEST, manifest.model_dump_json(indent=2).encode() + b"\n")
    return open_artifact(folder)


def publish(staged: Path, root: Path) -> Artifact:
    """Verify a staged folder and make it visible, all at once.

    Where its version was published meanwhile, it becomes the next one that is free.

    Raises:
        BrokenArtifact: A file is not what the manifest says.
        NotPublished: The folder cannot be put there.
    """
    artifact = open_artifact(staged)
    artifact.verify()
    staged.chmod(0o755)
    while not _rename(artifact, root):
        version = next_version(root, artifact.manifest.name)
        artifact = write_manifest(staged, artifact.manifest.model_copy(update={"version": version}))
    return Artifact(_target(artifact, root), artifact.manifest)


def _rename(artifact: Artifact, root: Path) -> bool:
    with writing(str(artifact)):
        try:
            artifact.folder.rename(_target(artifact, root))
        except OSError as error:
            if error.errno not in _TAKEN:
                raise
            return False
    return True


def _target(artifact: Artifact, root: Path) -> Path:
    return root / artifact.manifest.name / str(artifact.manifest.version)


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Say in words what cannot be written.

    Raises:
        NotPublished: The block raised an OSError.
    """
    try:
        yield
    except OSError as error:
        raise NotPublished(f"{what} cannot be written: {error.strerror}") from error


@contextmanager
def _locked_folder(parent: Path) -> Iterator[Path]:
    """Make a folder whose lock, which the end of the process gives back, lies beside it."""
    folder = parent / f"{_STAGING}{secrets.token_hex(8)}"
    with _lock(folder):
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    for folder in {path.with_suffix("") for path in parent.glob(f"{_STAGING}*")}:
        with suppress(Timeout), _lock(folder):
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    path = folder.with_name(f".{folder.name.removeprefix('.')}.lock")
    with FileLock(path, timeout=0):
        try:
            yield
        finally:
            with suppress(OSError):  # some systems keep a file that is open
                path.unlink()


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):  # another publisher is at it, or it has versions
        folder.rmdir()
