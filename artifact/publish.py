"""Publish a model: fill a staging folder beside the target, then rename it.

A reader sees a whole version or none.
"""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, TypeAdapter

from artifact.errors import BrokenArtifact
from artifact.manifest import PATHS, File, Manifest, Name, Role
from artifact.repository import MANIFEST, Artifact, open_artifact, visible_folders

_NAME: TypeAdapter[str] = TypeAdapter(Name)


@contextmanager
def staging(root: Path, name: str) -> Iterator[Path]:
    """Make a folder to fill before `publish`; what is left of it afterwards is removed."""
    parent = root / _NAME.validate_python(name)
    parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=".staging-", dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        _remove_if_empty(parent)


def fill(folder: Path, role: Role, content: bytes | BaseModel) -> None:
    """Write the file of that role into a staged folder; a document becomes JSON."""
    path = folder / PATHS[role]
    path.parent.mkdir(exist_ok=True)
    if isinstance(content, BaseModel):
        content = content.model_dump_json(indent=2).encode() + b"\n"
    path.write_bytes(content)


def next_version(root: Path, name: str) -> int:
    """Say which version a publish under that name would get; the first is 1."""
    parent = root / _NAME.validate_python(name)
    folders = visible_folders(parent) if parent.is_dir() else []
    return 1 + max((int(folder.name) for folder in folders if folder.name.isdigit()), default=0)


def list_files(folder: Path) -> dict[Role, File]:
    """Describe, by role, every file of a staged folder that the contract knows."""
    present = {role: path for role, path in PATHS.items() if (folder / path).is_file()}
    return {role: _describe(folder, path) for role, path in present.items()}


def write_manifest(folder: Path, manifest: Manifest) -> Artifact:
    """Write the manifest of a staged folder, and open it as a reader will."""
    (folder / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return open_artifact(folder)


def publish(staged: Path, root: Path) -> Artifact:
    """Verify a staged folder and make it visible, all at once.

    Raises:
        BrokenArtifact: A file is not what the manifest says, or the version exists already.
    """
    artifact = open_artifact(staged)
    artifact.verify()
    target = root / artifact.manifest.name / str(artifact.manifest.version)
    staged.chmod(0o755)
    try:
        staged.rename(target)
    except OSError as error:
        raise BrokenArtifact(f"{artifact} cannot be published: {error.strerror}") from error
    return Artifact(target, artifact.manifest)


def _remove_if_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        folder.rmdir()


def _describe(folder: Path, path: str) -> File:
    data = (folder / path).read_bytes()
    return File(path=path, sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))
