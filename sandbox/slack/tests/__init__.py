"""Tests of the Slack stand-in: the unmodified clients against a real process."""
