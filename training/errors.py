"""Everything training refuses, each with what was wrong and what to do.

TrainingError               never raised itself
├── DatasetError            a data set is missing, damaged, or cannot be split at that ratio
├── DeviceError             there is no such device here
├── DivergedError           the loss is no longer a number
├── CheckpointError         a run cannot be continued, or would be overwritten
├── TeacherError            a network cannot be learnt from
├── PretrainedError         weights that a package brings are absent, or not the known ones
├── ParityError             an exported file does not answer as the network does
├── FlawedError             a network with a finding would be published by accident
├── StudyError              a study is unknown, incomplete, or its stored results are others
└── OutputError             results cannot be written
"""


class TrainingError(Exception):
    """The root of the tree: catch it to catch all of them."""


class DatasetError(TrainingError):
    """A data set is missing, damaged, or cannot be split at that ratio."""


class DeviceError(TrainingError):
    """There is no such device here."""


class DivergedError(TrainingError):
    """The loss is no longer a number: nothing can be learnt any more."""


class CheckpointError(TrainingError):
    """A run cannot be continued, or would be overwritten."""


class TeacherError(TrainingError):
    """A network cannot be learnt from: it has seen what it must not."""


class PretrainedError(TrainingError):
    """Weights that a package brings are absent, or not the known ones."""


class ParityError(TrainingError):
    """An exported file does not answer as the network does: it must not be published."""


class FlawedError(TrainingError):
    """A network with a finding would be published by accident: see training.evaluation.flaws."""


class StudyError(TrainingError):
    """A study is unknown, incomplete, or its stored results are not what it asks for."""


class OutputError(TrainingError):
    """Results cannot be written where they should go."""
