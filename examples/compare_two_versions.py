"""Two versions of a model on the same test pictures: is the new one better, or is that noise?

python examples/compare_two_versions.py NAME FIRST SECOND [MODELS_DIR]
"""

import sys
from pathlib import Path

from artifact.repository import Repository
from artifact.statistics.comparison import Contender, compare_models


def main(name: str, first: str, second: str, models_dir: str = "models") -> None:
    """Print the difference of two published versions with its interval."""
    repository = Repository.scan(Path(models_dir))
    versions = [repository.get(name, int(version)) for version in (first, second)]
    comparison = compare_models(map(Contender.of, versions))
    for left_out in comparison.not_compared:
        print(f"{left_out.model} cannot be compared: {left_out.reason}")
    for group in comparison.groups:
        for pair in group.pairs:
            low, high = (f"{100 * bound:+.2f}" for bound in pair.paired.interval)
            verdict = "more than noise" if pair.adjusted_p_value < 0.05 else "no more than noise"
            print(
                f"{pair.first} is {100 * pair.paired.difference:+.2f} points beside {pair.second} "
                f"(95% interval {low} to {high}, p = {pair.adjusted_p_value:.3f}): {verdict}"
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
