"""How published models answer pictures that they were not made from."""

from training.examination.config import ExaminationConfig
from training.examination.examine import examine

__all__ = ["ExaminationConfig", "examine"]
