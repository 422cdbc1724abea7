from pathlib import Path

import pytest

from research.robustness.samples import read_samples
from tests.known_answer import picture
from training.errors import DatasetError


def index(folder: Path, text: str) -> Path:
    (folder / "index.csv").write_text(text, encoding="utf-8")
    return folder


def test_index_gives_label_and_source_and_reads_on_demand(tmp_path: Path) -> None:
    index(tmp_path, 'note,file,label,source\n"one, two",a.png,7,anna\n,b/c.jpg, 3 ,ben\n')
    first, second = read_samples(tmp_path)
    assert (first.name, first.label, first.source) == ("a.png", "7", "anna")
    assert (second.name, second.label, second.source) == ("b/c.jpg", "3", "ben")
    (tmp_path / "a.png").write_bytes(b"later")
    assert first.read() == b"later"


@pytest.mark.parametrize(
    "text",
    ["file,label\na.png,7\n", "file,label,source\na.png,7,\n", "\ufefffile,label\r\na.png,7\r\n"],
    ids=["no column", "empty", "byte order mark and CRLF"],
)
def test_pictures_without_a_source_are_grouped_by_label(text: str, tmp_path: Path) -> None:
    (sample,) = read_samples(index(tmp_path, text))
    assert (sample.label, sample.source) == ("7", "label 7")


def test_folders_are_labels_and_hidden_files_are_none(tmp_path: Path) -> None:
    for name in ("cat/1.png", "cat/2.png", "cat/.thumbs", "dog/1.png", ".git/1.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(picture())
    samples = read_samples(tmp_path)
    assert [sample.name for sample in samples] == ["cat/1.png", "cat/2.png", "dog/1.png"]
    assert [sample.label for sample in samples] == ["cat", "cat", "dog"]
    assert samples[2].read() == picture()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "index.csv has no column file and no column label; it needs file and label"),
        ("file,class\na.png,7\n", "index.csv has no column label; it needs file and label"),
        ("file,label\na.png,7\nb.png\n", "index.csv, line 3: every row needs a file and a label"),
        ("file,label\n", "the folder of pictures has none"),
    ],
    ids=["empty", "no label", "row cut short", "no row"],
)
def test_index_that_is_not_understood_is_explained(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=f"^{message}"):
        read_samples(index(tmp_path, text))


def test_index_that_is_no_text_is_explained(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes(b"file,label\n\xff\xfe,7\n")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_samples(tmp_path)


@pytest.mark.parametrize("exists", [True, False], ids=["empty", "missing"])
def test_folder_without_pictures_says_what_it_needs(exists: bool, tmp_path: Path) -> None:
    folder = tmp_path if exists else tmp_path / "nowhere"
    needed = "needs an index.csv with columns file and label, or one folder for each label"
    with pytest.raises(DatasetError, match=needed if exists else "No such file") as error:
        read_samples(folder)
    assert str(tmp_path) not in str(error.value)
