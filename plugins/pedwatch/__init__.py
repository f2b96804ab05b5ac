"""pedwatch: tells when an API runs more replicas than its PED limit. Start reading at docs/architecture.md."""

__version__ = "0.1.0"
