"""The model repository: a directory of published artifacts, `<name>/<version>/`.

Nothing is read out of a folder without its checksum being verified.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ValidationError

from artifact.errors import BrokenArtifact, OnBroken, UnknownModel, refuse
from artifact.files import read_inside, read_verified
from artifact.manifest import PATHS, DocumentRole, Manifest, Role, RuntimeId
from artifact.predictor import Predictor
from artifact.runtimes.table import open_runtime
from vision.errors import TandemError

MANIFEST = "manifest.json"

Document = TypeVar("Document", bound=BaseModel)
Model = TypeVar("Model", bound="Artifact")
Stored = TypeVar("Stored")


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Artifact:
    """One published model: its folder and what the manifest says of it; read anew, another one."""

    folder: Path
    manifest: Manifest

    def __str__(self) -> str:
        return f"{self.manifest.name}/{self.manifest.version}"

    def read(self, role: Role) -> bytes:
        """Read the file of that role, verified.

        Raises:
            BrokenArtifact: The manifest lists no such file, or the file is not what it says.
        """
        if role not in self.manifest.files:
            raise BrokenArtifact(f"{self}/{MANIFEST} lists no file for {role} ({PATHS[role]})")
        file = self.manifest.files[role]
        return read_verified(self.folder, file, f"{self}/{file.path}")

    def document(self, role: Role, kind: type[Document]) -> Document:
        """Read the JSON file of that role as what it must be.

        Raises:
            BrokenArtifact: As `read`, or the file says something else.
        """
        return parse(kind, self.read(role), f"{self}/{PATHS[role]}")

    def find(self, role: DocumentRole, kind: type[Document]) -> Document | None:
        """The JSON file of that role, or None where the model was published without it.

        Raises:
            BrokenArtifact: As `document`.
        """
        return self.document(role, kind) if role in self.manifest.files else None

    def verify(self) -> None:
        """Check every file that the manifest lists.

        Raises:
            BrokenArtifact: A file is missing, of another length, or of another checksum.
        """
        for role in self.manifest.files:
            self.read(role)

    def open(self, runtime: RuntimeId, threads: int = 1) -> Predictor:
        """Load the model into a runtime.

        Raises:
            BrokenArtifact: The file is not what the manifest says, or the runtime refuses it.
            RuntimeUnavailable: The runtime's library is not installed.
        """
        model = self.read(runtime)
        try:
            return Predictor(self.manifest, runtime, open_runtime(runtime, model, threads))
        except BrokenArtifact as error:
            raise BrokenArtifact(f"{self}/{PATHS[runtime]}: {error}") from error


class Versions(Generic[Model]):
    """Models by name and version: names in order, of each the highest version first."""

    def __init__(self, models: Iterable[Model]) -> None:
        self._models: dict[str, dict[int, Model]] = {}
        for model in sorted(models, key=lambda each: (each.manifest.name, -each.manifest.version)):
            self._models.setdefault(model.manifest.name, {})[model.manifest.version] = model

    def __iter__(self) -> Iterator[Model]:
        """Every version of every model."""
        return (model for versions in self._models.values() for model in versions.values())

    def latest(self) -> list[Model]:
        """The highest version of every model, names in order."""
        return [self.get(name) for name in self._models]

    def get(self, name: str, version: int | None = None) -> Model:
        """Look a model up; the highest version unless asked otherwise.

        Raises:
            UnknownModel: There is no such name or version; the message says which there are.
        """
        versions = self._models.get(name)
        if versions is None:
            known = ", ".join(self._models) or "none"
            raise UnknownModel(f"no model {name[:100]!r}; published models: {known}")
        if version is None:
            return next(iter(versions.values()))
        if version not in versions:
            known = ", ".join(map(str, reversed(versions)))
            raise UnknownModel(f"model {name} has no version {version}; its versions: {known}")
        return versions[version]


class Repository(Versions[Artifact]):
    """Every published version of every model."""

    @classmethod
    def scan(cls, root: Path, on_broken: OnBroken = refuse) -> "Repository":
        """Read every manifest below `root` and verify every file that they list.

        Args:
            root: The directory.
            on_broken: Called where a directory cannot be read, a folder is no artifact, or a file
                is not what its manifest says. Where it returns, the rest is read: a version whose
                manifest and networks hold is kept without the figures and documents that do not.

        Raises:
            BrokenArtifact: By `on_broken`, unless another one is given.
        """
        return cls(
            artifact
            for model in _folders(root, on_broken)
            for folder in _folders(model, on_broken)
            if (artifact := _scan_artifact(folder, on_broken))
        )


def scan_model(root: Path, name: str) -> list[Artifact]:
    """Read and verify every version of one model below `root`, the highest first.

    The name is looked up among the folders that there are, never made a part of a path.

    Raises:
        BrokenArtifact: As for `Repository.scan`, of that model alone.
        UnknownModel: There is no such model; the message says which there are.
    """
    folders = {folder.name: folder for folder in visible_folders(root)}
    versions = map(_scan_artifact, visible_folders(folders[name])) if name in folders else ()
    artifacts = list(Repository(artifact for artifact in versions if artifact))
    if not artifacts:
        known = ", ".join(name for name, kept in list_versions(root).items() if kept) or "none"
        raise UnknownModel(f"no model {name[:100]!r} is published; published models: {known}")
    return artifacts


def list_versions(root: Path) -> dict[str, list[str]]:
    """List which versions of which models have a folder below `root`, without reading them.

    Raises:
        BrokenArtifact: A directory cannot be read.
    """
    return {
        folder.name: [version.name for version in visible_folders(folder)]
        for folder in visible_folders(root)
    }


def open_artifact(folder: Path) -> Artifact:
    """Read a folder's manifest; its files are verified when they are read.

    Raises:
        BrokenArtifact: There is no manifest, or it says something that is not understood.
    """
    shown = f"{folder.parent.name}/{folder.name}/{MANIFEST}"
    return Artifact(folder, parse(Manifest, read_inside(folder, MANIFEST, shown), shown))


def visible_folders(root: Path) -> list[Path]:
    """List the folders in a directory, in order, which a model, a version or a study may be.

    A hidden one is a publish under way; one that begins with `_` holds what models share.

    Raises:
        BrokenArtifact: The directory cannot be read.
    """
    try:
        folders = [path for path in root.iterdir() if path.is_dir()]
    except OSError as error:
        raise BrokenArtifact(f"directory {root.name} cannot be read: {error.strerror}") from error
    return sorted(folder for folder in folders if not folder.name.startswith((".", "_")))


def _folders(root: Path, on_broken: OnBroken) -> list[Path]:
    try:
        return visible_folders(root)
    except BrokenArtifact as error:
        on_broken(root.name, error)
        return []


def _scan_artifact(folder: Path, on_broken: OnBroken = refuse) -> Artifact | None:
    name = f"{folder.parent.name}/{folder.name}"
    try:
        artifact = open_artifact(folder)
        if str(artifact) != name:
            raise BrokenArtifact(f"{name}/{MANIFEST} says that it is {artifact}")
        for runtime in artifact.manifest.runtimes:
            artifact.read(runtime)
    except BrokenArtifact as error:
        on_broken(name, error)
        return None
    for role in artifact.manifest.evidence:
        try:
            artifact.read(role)
        except BrokenArtifact as error:
            on_broken(f"{name}/{PATHS[role]}", error)
    return artifact


class ByName(Generic[Stored]):
    """What lies in a directory, each in a folder of its name."""

    _unknown: type[TandemError]
    _what: str  # as `study`
    _are: str  # as `stored studies`

    def __init__(self, stored: Mapping[str, Stored]) -> None:
        self._stored = stored

    def __iter__(self) -> Iterator[Stored]:
        """All of them, names in order."""
        return (self._stored[name] for name in sorted(self._stored))

    def __len__(self) -> int:
        return len(self._stored)

    def get(self, name: str) -> Stored:
        """Look one up.

        Raises:
            TandemError: There is none, by its own class; the message says which there are.
        """
        if name not in self._stored:
            known = ", ".join(sorted(self._stored)) or "none"
            raise self._unknown(f"no {self._what} {name[:100]!r}; {self._are}: {known}")
        return self._stored[name]


def parse(kind: type[Document], text: bytes, shown: str) -> Document:
    """Read a document as what it must be.

    Raises:
        BrokenArtifact: It says something else.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        reasons = "; ".join(
            re.sub(r"\s+", " ", f"{'.'.join(map(str, e['loc'])) or 'document'}: {e['msg']}")
            for e in error.errors()[:3]
        )
        raise BrokenArtifact(f"{shown} is not understood: {reasons}") from error
