import re
from pathlib import Path

import pytest
import torch
from torch import nn

from artifact.manifest import Teacher as Taught
from training import run
from training.config import Places, RunConfig
from training.data import Dataset
from training.distillation import Teacher, digest, find_teacher
from training.errors import CheckpointError, TeacherError

CPU = torch.device("cpu")
TEACHER = RunConfig(architecture="conv", epochs=2, batch_size=32, learning_rate=0.02)
STUDENT = RunConfig(epochs=2, batch_size=32, learning_rate=0.02, teacher="conv")


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Places:
    """Where the teacher has learnt."""
    places = Places(runs_dir=tmp_path_factory.mktemp("runs"))
    run.train(TEACHER, places)
    return places


def teacher_of(logits: torch.Tensor, weight: float, temperature: float) -> Teacher:
    class Sure(nn.Module):
        def forward(self, _: torch.Tensor) -> torch.Tensor:
            return logits

    described = Taught(architecture="conv", config={}, epoch=1, weights_sha256="0" * 64)
    off = torch.autocast("cpu", torch.bfloat16, enabled=False)
    return Teacher(Sure(), weight, temperature, described, off)


@pytest.mark.parametrize(("weight", "expected"), [(0.5, 1.0), (1.0, 0.0)])
def test_answering_as_the_teacher_leaves_only_the_labels_part(
    weight: float, expected: float
) -> None:
    logits = torch.tensor([[2.0, 0.0], [0.0, 1.0]])
    loss = teacher_of(logits, weight, 2.0).distill(
        torch.tensor(2.0), logits, torch.zeros(2, 1, 1, 1)
    )
    assert float(loss) == pytest.approx(expected)


def test_distance_is_that_of_the_softened_answers() -> None:
    answers, logits = torch.tensor([[4.0, 0.0]]), torch.tensor([[0.0, 4.0]])
    loss = teacher_of(answers, 1.0, 2.0).distill(torch.tensor(0.0), logits, torch.zeros(1, 1, 1, 1))
    p = torch.softmax(answers / 2, dim=1)
    q = torch.softmax(logits / 2, dim=1)
    assert float(loss) == pytest.approx(4 * float((p * (p / q).log()).sum()), rel=1e-5)


def test_student_learns_otherwise_than_alone_and_says_from_whom(taught: Places) -> None:
    alone = run.train(STUDENT.model_copy(update={"teacher": None}), taught)
    other = taught.model_copy(update={"run_name": "student"})
    student = run.train(STUDENT, other)
    assert alone.provenance.teacher is None
    assert student.provenance.teacher is not None
    assert student.provenance.teacher.architecture == "conv"
    assert student.provenance.teacher.epoch in {1, 2}
    assert digest(student.network.state_dict()) != digest(alone.network.state_dict())


def test_no_teacher_is_asked_for_where_none_is_named(taught: Places, digits: Dataset) -> None:
    assert find_teacher(TEACHER, taught, digits, CPU) is None


@pytest.mark.parametrize("change", [{"seed": 1}, {"train_ratio": 0.7}])
def test_teacher_that_saw_other_images_is_refused(
    taught: Places, digits: Dataset, change: dict[str, float]
) -> None:
    config = STUDENT.model_copy(update=change)
    folder = taught.runs_dir / f"conv-digits-seed{config.seed}"
    if not folder.exists():
        folder.symlink_to(taught.runs_dir / "conv-digits-seed0")
    [name] = change
    with pytest.raises(TeacherError, match=rf"has seen other pictures.*{re.escape(name)}"):
        find_teacher(config, taught, digits, CPU)


def test_teacher_without_a_run_is_named(tmp_path: Path, digits: Dataset) -> None:
    with pytest.raises(CheckpointError, match="conv-digits-seed0"):
        find_teacher(STUDENT, Places(runs_dir=tmp_path), digits, CPU)


def test_unfinished_teacher_is_refused(taught: Places, tmp_path: Path, digits: Dataset) -> None:
    longer = TEACHER.model_copy(update={"epochs": 3})
    state = torch.load(taught.run_folder(TEACHER, "") / "checkpoint.pt", weights_only=True)
    folder = Places(runs_dir=tmp_path).run_folder(longer, "")
    folder.mkdir()
    torch.save({**state, "config": longer.model_dump()}, folder / "checkpoint.pt")
    with pytest.raises(CheckpointError, match="epoch 2 of 3"):
        find_teacher(STUDENT, Places(runs_dir=tmp_path), digits, CPU)
