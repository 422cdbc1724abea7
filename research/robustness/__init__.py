"""How published models answer pictures that they were not made from."""

from research.robustness.config import ExaminationConfig
from research.robustness.examine import examine

__all__ = ["ExaminationConfig", "examine"]
