"""What came out: evidence of every arm, models that can be published, and the report."""
