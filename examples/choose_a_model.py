"""Which published model to ship, on which runtime, within a time and a size.

python examples/choose_a_model.py [MODELS_DIR] [MAX_MS] [MAX_KIB]
"""

import sys
from pathlib import Path

from artifact.repository import Repository
from artifact.statistics.comparison import Contender, option_groups
from artifact.statistics.constraints import Constraints
from artifact.statistics.decision import decide


def main(models_dir: str = "models", max_ms: str = "1", max_kib: str = "200") -> None:
    """Print the pick for each data set, with its reasons."""
    constraints = Constraints(max_ms=float(max_ms), max_kib=float(max_kib))
    repository = Repository.scan(Path(models_dir))
    for group in option_groups(map(Contender.of, repository)):
        decision = decide(group.options, constraints)
        pick = decision.pick
        print(f"{group.dataset}:", f"{pick.model} on {pick.runtime}" if pick else "ship none")
        for reason in decision.reasons:
            print(f"  {reason}")


if __name__ == "__main__":
    main(*sys.argv[1:])
