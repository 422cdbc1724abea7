"""What is published beside a model, read step by step as in a notebook; no service is needed.

python examples/read_the_evidence.py [MODELS_DIR] [NAME]
"""

# %% Open a repository: names, versions, checksums are verified here.
import sys
from pathlib import Path

import numpy as np

from artifact.latency import Benchmark
from artifact.metrics import Examples, Metrics
from artifact.repository import Repository

models_dir = Path(sys.argv[1] if len(sys.argv) > 1 else "models")
repository = Repository.scan(models_dir)
print("models:", ", ".join(map(str, repository)))

# %% The manifest says what the model is and where it comes from.
artifact = repository.get(
    sys.argv[2] if len(sys.argv) > 2 else next(iter(repository)).manifest.name
)
manifest = artifact.manifest
print(f"{artifact}: {manifest.architecture.parameters:,} parameters, labels {manifest.labels}")
print(f"trained on {manifest.provenance.dataset} from seed {manifest.provenance.seed}")

# %% Metrics of the test pictures, by class; rows of the confusion matrix are true labels.
metrics = artifact.document("metrics", Metrics)
low, high = metrics.test.interval
print(f"test accuracy {metrics.test.accuracy:.2%} (95% interval {low:.2%} to {high:.2%})")
for row in metrics.test.per_class:
    print(f"  {row.label:>12}: precision {row.precision:.3f}, recall {row.recall:.3f}")

# %% The most frequent confusion.
counts = np.array(metrics.test.confusion_matrix)
np.fill_diagonal(counts, 0)
true, predicted = np.unravel_index(counts.argmax(), counts.shape)
print(
    f"most often confused: {manifest.labels[true]} taken for {manifest.labels[predicted]}, "
    f"{counts.max()} times"
)

# %% The pictures it is surest of, and wrong.
if examples := artifact.find("examples", Examples):
    for example in sorted(examples.wrong, key=lambda each: -each.probability)[:3]:
        print(f"  test picture {example.index}: {example.true}, said {example.predicted}")

# %% How fast it was, where that was measured.
if benchmark := artifact.find("benchmark", Benchmark):
    for latency in benchmark.latencies:
        if latency.batch_size == 1:
            print(f"  {latency.runtime}: {latency.p50_ms:.3f} ms on {benchmark.hardware}")
