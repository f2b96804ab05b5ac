"""Tests of the local Kubernetes, against the unmodified clients."""
