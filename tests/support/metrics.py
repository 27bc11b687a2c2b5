"""Values of the counters, as a test reads them."""

from prometheus_client import REGISTRY


def value_of(name: str, **labels: str) -> float:
    """Return a metric's value so far, 0 if it was never counted."""
    return REGISTRY.get_sample_value(name, labels) or 0.0
