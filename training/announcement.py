"""What a command says of a model that it has published."""

import sys

from artifact.metrics import Metrics
from artifact.repository import Artifact


def announce(artifact: Artifact) -> None:
    """Print the headline figures of a published model."""
    test = artifact.document("metrics", Metrics).test
    low, high = test.interval
    sys.stdout.write(
        f"published {artifact}: {test.accuracy:.2%} right on test (95% interval {low:.2%} to "
        f"{high:.2%}), {artifact.manifest.architecture.parameters:,} parameters\n"
    )
