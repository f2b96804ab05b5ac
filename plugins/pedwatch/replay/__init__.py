"""What would have been sent, had limits or thresholds been others: nothing is written, nothing is told."""
