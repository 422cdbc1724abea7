from pathlib import Path

import pytest
from pydantic import ValidationError

from artifact.errors import BrokenArtifact
from artifact.manifest import Manifest
from artifact.publish import list_files, next_version, publish, staging, write_manifest
from artifact.repository import Artifact, Repository
from tests.known_answer import publish_known_answer


@pytest.fixture
def known(tmp_path: Path) -> Artifact:
    return publish_known_answer(tmp_path, "known", runtimes=["onnx"])


def staged_twin(known: Artifact, folder: Path, version: int) -> Manifest:
    (folder / "model.onnx").write_bytes(known.read("onnx"))
    changes = {"version": version, "files": list_files(folder)}
    return known.manifest.model_copy(update=changes)


def test_published_folder_can_be_read_by_other_users(known: Artifact) -> None:
    assert known.folder.stat().st_mode & 0o777 == 0o755


def test_reader_sees_nothing_of_a_publish_under_way(known: Artifact, tmp_path: Path) -> None:
    with staging(tmp_path, "known") as folder:
        write_manifest(folder, staged_twin(known, folder, version=2))
        assert [str(artifact) for artifact in Repository.scan(tmp_path)] == ["known/1"]
        publish(folder, tmp_path)
    assert [str(artifact) for artifact in Repository.scan(tmp_path)] == ["known/2", "known/1"]


def test_interrupted_publish_leaves_no_trace(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError), staging(tmp_path, "new") as folder:
        folder.write_bytes(b"a folder is no file")
    assert not list(tmp_path.iterdir())


def test_existing_version_is_never_replaced(known: Artifact, tmp_path: Path) -> None:
    with staging(tmp_path, "known") as folder:
        write_manifest(folder, staged_twin(known, folder, version=1))
        with pytest.raises(BrokenArtifact, match="known/1 cannot be published"):
            publish(folder, tmp_path)
    known.verify()


def test_staged_file_that_disagrees_with_its_manifest_is_not_published(
    known: Artifact, tmp_path: Path
) -> None:
    with staging(tmp_path, "known") as folder:
        write_manifest(folder, staged_twin(known, folder, version=2))
        (folder / "model.onnx").write_bytes(b"something else")
        with pytest.raises(BrokenArtifact, match=r"model\.onnx has 14 bytes"):
            publish(folder, tmp_path)
    assert next_version(tmp_path, "known") == 2


@pytest.mark.parametrize(
    ("published", "expected"), [([], 1), ([1], 2), ([9, 10], 11), ([3], 4)], ids=str
)
def test_next_version_is_one_above_the_highest(
    tmp_path: Path, published: list[int], expected: int
) -> None:
    for version in published:
        publish_known_answer(tmp_path, "known", version, runtimes=["onnx"])
    assert next_version(tmp_path, "known") == expected


@pytest.mark.parametrize("name", ["..", "../known", "a/b", "", "Known", ".hidden"])
def test_name_outside_the_pattern_is_refused_before_anything_is_made(
    tmp_path: Path, name: str
) -> None:
    with pytest.raises(ValidationError), staging(tmp_path, name):
        pass
    assert not list(tmp_path.iterdir())
