"""A Cloud Storage stand-in: the gcp-storage-emulator from PyPI, started and corrected where we need it."""
