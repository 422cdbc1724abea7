"""Many runs: studies, the report, robustness evaluation, out-of-distribution scores."""
