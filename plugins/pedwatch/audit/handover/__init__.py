"""What an auditor takes away: a sample with every row behind it, a period as one file."""
