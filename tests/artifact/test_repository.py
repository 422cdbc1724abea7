import os
from collections.abc import Callable
from pathlib import Path

import pytest

from artifact.errors import BrokenArtifact, UnknownModel
from artifact.metrics import Filters, Metrics
from artifact.repository import Artifact, Repository, list_versions, open_artifact, scan_model
from tests.known_answer import publish_known_answer


@pytest.fixture
def known(tmp_path: Path) -> Artifact:
    return publish_known_answer(tmp_path, "known")


def test_scan_lists_names_in_order_and_the_highest_version_first(tmp_path: Path) -> None:
    for name, version in [("b", 2), ("a", 1), ("b", 10), ("b", 1)]:
        publish_known_answer(tmp_path, name, version, runtimes=["onnx"])
    assert [str(artifact) for artifact in Repository.scan(tmp_path)] == [
        "a/1",
        "b/10",
        "b/2",
        "b/1",
    ]


def test_highest_version_is_served_unless_asked_otherwise(tmp_path: Path) -> None:
    for version in (9, 10):
        publish_known_answer(tmp_path, version=version, runtimes=["onnx"])
    repository = Repository.scan(tmp_path)
    assert repository.get("known").manifest.version == 10
    assert repository.get("known", 9).manifest.version == 9


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("other", None, "no model 'other'; published models: known"),
        ("../known", None, "published models: known"),
        ("known", 2, "model known has no version 2; its versions: 1"),
        ("known", 0, "model known has no version 0; its versions: 1"),
    ],
)
def test_unknown_model_is_refused_with_what_there_is(
    known: Artifact, name: str, version: int | None, message: str
) -> None:
    repository = Repository.scan(known.folder.parent.parent)
    with pytest.raises(UnknownModel, match=message):
        repository.get(name, version)


def test_model_under_publication_is_not_listed(known: Artifact) -> None:
    root = known.folder.parent.parent
    (root / "coming" / ".1.staged").mkdir(parents=True)
    repository = Repository.scan(root)
    with pytest.raises(UnknownModel, match=r"no model 'coming'; published models: known$"):
        repository.get("coming")


def test_directory_that_is_not_there_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(BrokenArtifact, match="directory missing cannot be read"):
        Repository.scan(tmp_path / "missing")


def test_empty_directory_has_no_models(tmp_path: Path) -> None:
    repository = Repository.scan(tmp_path)
    assert not list(repository)
    with pytest.raises(UnknownModel, match="published models: none"):
        repository.get("known")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


@pytest.mark.parametrize(
    "file", ["model.onnx", "model.torchscript.pt", "metrics.json", "figures/curves.png"]
)
@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (Path.unlink, "cannot be read: No such file"),
        (cut, r"has \d+ bytes, not \d+"),
        (flip, "does not have its checksum"),
    ],
    ids=["missing", "cut", "flipped"],
)
def test_damaged_file_is_refused_by_name_and_reason(
    known: Artifact, file: str, damage: Callable[[Path], None], reason: str
) -> None:
    damage(known.folder / file)
    with pytest.raises(BrokenArtifact, match=rf"known/1/{file} {reason}") as caught:
        Repository.scan(known.folder.parent.parent)
    assert str(known.folder) not in str(caught.value)


def link_to_a_copy_outside(path: Path) -> None:
    outside = path.parent.with_name("outside") / path.name
    outside.parent.mkdir()
    path.rename(outside)
    path.symlink_to(outside)


def link_to_itself(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


def make_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@pytest.mark.skipif(os.name != "posix", reason="needs links and pipes")
@pytest.mark.parametrize("file", ["manifest.json", "model.onnx", "figures/curves.png"])
@pytest.mark.parametrize(
    ("replace", "reason"),
    [
        (link_to_a_copy_outside, "is a symbolic link, or lies behind one"),
        (link_to_itself, "is a symbolic link, or lies behind one"),
        (make_folder, "cannot be read: Is a directory"),
        (make_pipe, "is no regular file"),
    ],
)
def test_what_is_no_file_of_the_folder_is_refused_whatever_its_checksum(
    known: Artifact, file: str, replace: Callable[[Path], None], reason: str
) -> None:
    replace(known.folder / file)
    with pytest.raises(BrokenArtifact, match=rf"known/1/{file} {reason}"):
        Repository.scan(known.folder.parent.parent)


@pytest.mark.skipif(os.name != "posix", reason="needs links")
def test_folder_of_figures_that_lies_elsewhere_is_refused(known: Artifact) -> None:
    figures = known.folder / "figures"
    outside = known.folder.parent.parent.parent / "figures-outside"
    figures.rename(outside)
    figures.symlink_to(outside)
    with pytest.raises(BrokenArtifact, match=r"known/1/figures/\w+\.png is a symbolic link, or"):
        Repository.scan(known.folder.parent.parent)


def test_longer_document_than_any_is_not_read(known: Artifact) -> None:
    os.truncate(known.folder / "manifest.json", 10**12)
    with pytest.raises(BrokenArtifact, match=r"manifest\.json has 1000000000000 bytes; at most"):
        open_artifact(known.folder)


@pytest.mark.parametrize(
    ("file", "kept"),
    [
        ("manifest.json", ["known/1"]),
        ("model.onnx", ["known/1"]),
        ("metrics.json", ["known/2", "known/1"]),
        ("figures/curves.png", ["known/2", "known/1"]),
    ],
)
def test_rest_is_kept_where_something_broken_may_be_left_out(
    tmp_path: Path, file: str, kept: list[str]
) -> None:
    publish_known_answer(tmp_path, "known", runtimes=["onnx"])
    newer = publish_known_answer(tmp_path, "known", 2, runtimes=["onnx"])
    os.truncate(newer.folder / file, 10)
    broken: dict[str, str] = {}
    repository = Repository.scan(
        tmp_path, on_broken=lambda name, error: broken.update({name: str(error)})
    )
    assert [str(artifact) for artifact in repository] == kept
    [(name, reason)] = broken.items()
    assert name == ("known/2" if kept == ["known/1"] else f"known/2/{file}")
    assert reason.startswith(f"known/2/{file} ")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("{", "document: Invalid JSON"), ("{}", "name: Field required")],
    ids=["cut", "empty"],
)
def test_manifest_that_is_not_understood_is_refused_with_the_reason(
    known: Artifact, text: str, reason: str
) -> None:
    (known.folder / "manifest.json").write_text(text)
    with pytest.raises(BrokenArtifact, match=rf"known/1/manifest.json is not understood: {reason}"):
        open_artifact(known.folder)


@pytest.mark.parametrize("folder", ["known/2", "other/1", "known/notes"])
def test_folder_under_another_name_than_its_manifest_says_is_refused(
    known: Artifact, folder: str
) -> None:
    root = known.folder.parent.parent
    (root / folder).parent.mkdir(exist_ok=True)
    known.folder.rename(root / folder)
    with pytest.raises(BrokenArtifact, match=rf"{folder}/manifest.json says that it is known/1"):
        Repository.scan(root)


def test_file_that_changes_after_the_scan_is_refused_when_read(known: Artifact) -> None:
    known.verify()
    flip(known.folder / "model.torchscript.pt")
    with pytest.raises(BrokenArtifact, match="checksum"):
        known.open("torchscript")


def test_role_without_a_file_is_refused_by_its_path(tmp_path: Path) -> None:
    known = publish_known_answer(tmp_path, runtimes=["onnx"])
    with pytest.raises(BrokenArtifact, match=r"lists no file for onnx-int8 \(model.int8.onnx\)"):
        known.open("onnx-int8")


def test_document_is_read_as_its_type(known: Artifact) -> None:
    metrics = known.document("metrics", Metrics)
    assert metrics.test.accuracy == 0.8


def test_document_of_another_type_is_refused_by_its_path(known: Artifact) -> None:
    with pytest.raises(BrokenArtifact, match=r"known/1/metrics.json is not understood: layers"):
        known.document("metrics", Filters)


def test_one_model_is_read_whatever_the_others_are(tmp_path: Path) -> None:
    for name, version in [("a", 1), ("b", 2), ("b", 10)]:
        publish_known_answer(tmp_path, name, version, runtimes=["onnx"])
    (tmp_path / "a" / "1" / "model.onnx").write_bytes(b"cut")
    assert [str(artifact) for artifact in scan_model(tmp_path, "b")] == ["b/10", "b/2"]
    with pytest.raises(BrokenArtifact, match=r"a/1/model\.onnx has 3 bytes"):
        scan_model(tmp_path, "a")


@pytest.mark.parametrize("name", ["other", "", ".", "..", "known/1", "../models/known", ".staged"])
def test_name_that_is_no_folder_of_the_repository_is_unknown(known: Artifact, name: str) -> None:
    root = known.folder.parent.parent
    (root / ".staged" / "1").mkdir(parents=True)
    with pytest.raises(UnknownModel, match="published models: known"):
        scan_model(root, name)


def test_model_without_a_version_is_unknown(known: Artifact) -> None:
    root = known.folder.parent.parent
    (root / "empty").mkdir()
    with pytest.raises(UnknownModel, match=r"no model 'empty' is published; .* models: known"):
        scan_model(root, "empty")


def test_versions_are_listed_without_being_read(known: Artifact) -> None:
    root = known.folder.parent.parent
    (root / "known" / "2").mkdir()
    (root / "broken" / "1").mkdir(parents=True)
    assert list_versions(root) == {"broken": ["1"], "known": ["1", "2"]}
