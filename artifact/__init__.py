"""A published model: what its folder holds, and how to run it. Knows no HTTP, imports no torch."""
