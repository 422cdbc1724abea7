"""What can go wrong.

BenchmarkError              the whole comparison cannot be made
└── ContestantFailed        one server cannot be installed or started, died, or answers wrongly
"""


class BenchmarkError(Exception):
    """Says what is missing."""


class ContestantFailed(BenchmarkError):
    """Says what one server did instead of serving."""
