"""What is let in: admission, body limits, thread pools, locks between processes."""
