"""Provider operators with this project's defaults."""
