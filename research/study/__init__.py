"""Studies: the same question put to several seeds, on one core, many, or a cluster."""
