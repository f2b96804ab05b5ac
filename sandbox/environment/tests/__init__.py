"""Tests of starting and stopping everything together."""
