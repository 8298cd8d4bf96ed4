"""What holds for the whole suite."""

from hypothesis import HealthCheck, settings

settings.register_profile("gradviz", deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
settings.load_profile("gradviz")
