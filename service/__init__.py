"""The HTTP service over the artifacts."""
