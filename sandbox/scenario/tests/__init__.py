"""Tests of the scenario file: its schema, its world, its expectations."""
