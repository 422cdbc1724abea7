"""Which score tells digits from everything else best, compared on finished runs."""

from research.ood.compare import compare
from research.ood.config import DecliningConfig

__all__ = ["DecliningConfig", "compare"]
