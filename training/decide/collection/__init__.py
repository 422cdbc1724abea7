"""What there is to learn from: files, pictures, near-copies, and how they are divided."""
