"""What is known of each request: record, metrics, logs, traces."""
