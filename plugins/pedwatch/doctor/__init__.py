"""Is everything in place? What ``python -m pedwatch doctor`` asks, each finding with its fix."""
