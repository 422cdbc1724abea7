"""Which score separates digits from out-of-distribution (OOD) pictures best."""
