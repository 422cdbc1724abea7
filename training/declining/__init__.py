"""Which score tells digits from everything else best, compared on finished runs."""

from training.declining.compare import compare
from training.declining.config import DecliningConfig

__all__ = ["DecliningConfig", "compare"]
