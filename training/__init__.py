"""Train, evaluate, export and publish image classifiers."""
