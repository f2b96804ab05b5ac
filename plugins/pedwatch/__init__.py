"""pedwatch: tells when an API runs more replicas than its PED limit. Start reading at docs/architecture.md."""

__version__ = "0.1.0"
BUILD = "source"
"""Which build this package was loaded from: the bundle writes it here, and into every DAG file."""
