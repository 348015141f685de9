"""Exchange with other harnesses: what they can ask and show is written for them, and their results are read."""
