"""Models' files, made one after the other; how long one takes is learnt from those before."""

from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from artifact.publish import staging
from training.decide.arms.base import Arm
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

    def add(self, arm: Arm, answers: Answers, learning: float = 0.0) -> None:
        """Stage the arm's model; the first one always, others where there is time.

        Args:
            arm: That answered every fold.
            answers: It did; what there is no time for is noted there.
            learning: Seconds of learning from all pictures, where it has not.
        """
        if arm.name in self.staged:
            return
        needed = self.expected + (0.0 if self.race.knows(arm) else learning)
        if self.staged and needed > self.race.budget.left:
            answers.note = "answered every picture, but there was no time to export it"
            return
        self.race.say(f"export: {arm.name}")
        learned = self.race.published(arm, self.subject.learnt, learning)
        folder = self.stack.enter_context(
            staging(self.models_dir, f"{self.subject.name}-{arm.name}")
        )
        began = monotonic()
        staged = stage(self.subject, arm, learned, answers, folder, self.models_dir)
        self.taken.append(monotonic() - began)
        self.staged[arm.name] = staged
        answers.note = ""
        give_back_memory()
