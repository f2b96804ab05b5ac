"""Tests of the Cloud Storage stand-in, against the real clients."""
