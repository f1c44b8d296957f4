"""Hypothesis profiles: `default` in tox, `thorough` by `--hypothesis-profile=thorough`."""

from hypothesis import HealthCheck, settings

# Deadlines would be timed tests; a slow machine is not a defect of the code under test.
settings.register_profile(
    "default", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "thorough", deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")
