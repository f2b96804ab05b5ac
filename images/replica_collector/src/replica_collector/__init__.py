"""The replica collector: raw replica state of GKE clusters, one outcome per cluster and cycle."""

__version__ = "0.1.0"
