"""Settings of every test suite of the repository."""

from hypothesis import HealthCheck, settings

# No timings as assertions: on a busy machine an example takes as long as it takes.
settings.register_profile("pedwatch", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pedwatch")
