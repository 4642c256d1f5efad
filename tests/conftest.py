"""What holds for every test."""

from hypothesis import HealthCheck, settings

# A busy machine is no fault of a strategy's.
ON_ANY_MACHINE = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# A change makes a test fail, and not the day: `make long` is what looks for other examples.
settings.register_profile("same-examples", ON_ANY_MACHINE, derandomize=True)
settings.register_profile("new-examples", ON_ANY_MACHINE)
settings.load_profile("same-examples")
