"""Models' files, made one after the other; how long one takes is learnt from those before."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from artifact.publish import publish, staging
from artifact.repository import Artifact
from artifact.statistics.option import Option
from training.decide.outcome.staging import Staged, Subject, stage
from training.decide.plan import EXPORT
from training.decide.race import Race
from training.decide.results import Answers
from training.environment import give_back_memory


@dataclass
class Exports:
    """What has been staged, and what the next one will take."""

    subject: Subject
    race: Race
    models_dir: Path
    stack: ExitStack  # keeps the staged folders until they are published
    staged: dict[str, Staged] = field(default_factory=dict)  # by arm
    taken: list[float] = field(default_factory=list)  # seconds of each model's files

    @property
    def expected(self) -> float:
        """Seconds of the next model's files: the longest so far, but for the first's libraries."""
        return max(self.taken[1:] or self.taken, default=EXPORT)

    @property
    def options(self) -> list[Option]:
        """What can be chosen."""
        return [option for one in self.staged.values() for option in one.options]

    def publish(self) -> tuple[Artifact, ...]:
        """Make every staged model visible, and the pictures that they were tested on."""
        staged = self.staged.values()
        published = tuple(publish(one.artifact.folder, self.models_dir) for one in staged)
        self.subject.publish_test_pictures(self.models_dir)
        return published

    def add(self, answers: Answers, learning: float = 0.0) -> None:
        """Stage the arm's model; the first one always, others where there is time.

        Args:
            answers: To every fold; what there is no time for is noted there.
            learning: Seconds of learning from all pictures, where the arm has not.
        """
        arm, task = answers.arm, self.subject.task
        if arm is None or arm.name in self.staged:
            return
        learned = self.race.learned.get(arm.name) if len(task.folds) == 1 else None
        needed = self.expected + (0.0 if learned else learning)
        if self.staged and needed > self.race.budget.left:
            answers.note = "answered every picture, but there was no time to export it"
            return
        self.race.say(f"export: {arm.name}")
        learned = learned or arm.learn(task, task.learnt, learning)
        name = f"{self.subject.name}-{arm.name}"
        folder = self.stack.enter_context(staging(self.models_dir, name))
        began = monotonic()
        self.staged[arm.name] = stage(self.subject, learned, answers, folder, self.models_dir)
        self.taken.append(monotonic() - began)
        answers.note = ""
        give_back_memory()
