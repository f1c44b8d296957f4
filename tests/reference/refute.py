"""A property must be able to fail: run it on something wrong on purpose, and require that it does."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.strategies import SearchStrategy


def caught(property_of_wrong: Callable[..., None], **strategies: SearchStrategy) -> None:
    """Require that Hypothesis finds an example at which the property of the wrong twin does not hold."""
    search = settings(
        max_examples=200,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    with pytest.raises(AssertionError):
        search(given(**strategies)(property_of_wrong))()
