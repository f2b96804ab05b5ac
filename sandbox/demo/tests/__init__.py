"""Tests of the demo: whole runs, interruptions, what it prints and writes."""
