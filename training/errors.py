"""Everything training refuses, each with what was wrong and what to do."""


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
    """Pretrained weights are absent, or not the known ones."""


class ParityError(TrainingError):
    """An exported file does not answer as the network does: it must not be published."""


class FlawedError(TrainingError):
    """A network with a finding would be published by accident: see training.evaluation.flaws."""


class StudyError(TrainingError):
    """A study is unknown, incomplete, or its stored results are not what it asks for."""


class OutputError(TrainingError):
    """Results cannot be written where they should go."""
