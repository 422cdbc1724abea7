import errno
import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import ValidationError

from artifact.errors import BrokenArtifact, NotPublished
from artifact.manifest import Manifest
from artifact.publish import (
    check_publishable,
    fill,
    list_files,
    next_version,
    publish,
    staging,
    write_manifest,
)
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


def test_version_that_was_published_meanwhile_stays_and_the_later_one_is_the_next(
    known: Artifact, tmp_path: Path
) -> None:
    with staging(tmp_path, "known") as folder:
        write_manifest(folder, staged_twin(known, folder, version=2))
        first = publish_known_answer(tmp_path, "known", version=2, runtimes=["onnx"])
        later = publish(folder, tmp_path)
    assert (first.manifest.version, later.manifest.version) == (2, 3)
    assert [str(artifact) for artifact in Repository.scan(tmp_path)] == [
        "known/3",
        "known/2",
        "known/1",
    ]


LEAVES_A_FOLDER = """
import os, pathlib, sys
from artifact.publish import staging
with staging(pathlib.Path(sys.argv[1]), sys.argv[2]) as folder:
    (folder / "model.onnx").write_bytes(b"half of it")
    os.kill(os.getpid(), 9)
"""


@pytest.mark.parametrize("name", ["known", "new"])
@pytest.mark.usefixtures("known")
def test_next_publish_removes_what_a_killed_one_left_and_nothing_else(
    tmp_path: Path, name: str
) -> None:
    with staging(tmp_path, name) as under_way:
        for _ in range(3):
            killed = [sys.executable, "-c", LEAVES_A_FOLDER, str(tmp_path), name]
            assert subprocess.run(killed, check=False, timeout=60).returncode == -9
        assert under_way.is_dir()
        with staging(tmp_path, name) as folder:
            left = set((tmp_path / name).glob(".staging-*/"))
            assert left == {under_way, folder}
    assert not list((tmp_path / name).glob(".staging-*"))
    assert (tmp_path / name).exists() == (name == "known")


@pytest.mark.parametrize(
    ("failing", "at", "shown"),
    [
        ("mkdir", "known", "model known"),
        ("replace", "model.onnx", "model.onnx"),
        ("replace", "manifest.json", "manifest.json"),
    ],
)
def test_full_disk_is_told_in_words_and_leaves_nothing_behind(
    known: Artifact,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    failing: str,
    at: str,
    shown: str,
) -> None:
    works = getattr(Path, failing)

    def fail(place: Path, *rest: object, **more: object) -> object:
        if at in place.name:
            raise OSError(errno.ENOSPC, "No space left on device")
        return works(place, *rest, **more)

    def publish_again() -> None:
        with staging(tmp_path, "known") as folder:
            fill(folder, "onnx", b"model")
            write_manifest(folder, known.manifest)

    with monkeypatch.context() as full_disk:
        full_disk.setattr(Path, failing, fail)
        with pytest.raises(NotPublished, match=f"{shown} cannot be written: No space left"):
            publish_again()
    assert [str(artifact) for artifact in Repository.scan(tmp_path)] == ["known/1"]
    assert not list((tmp_path / "known").glob(".staging-*"))


def test_place_is_tried_before_anything_is_published(tmp_path: Path) -> None:
    check_publishable(tmp_path / "models", "new")
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").touch()
    with pytest.raises(NotPublished, match="model new cannot be written: "):
        check_publishable(tmp_path / "file", "new")


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
