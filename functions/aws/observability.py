"""Structured logs and metrics. Ids are logged, message texts never."""

from functools import cache
from threading import Lock

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricResolution, MetricUnit

logger = Logger(log_uncaught_exceptions=False)
_adding = Lock()


@cache
def metrics() -> Metrics:
    """The metrics of this function, written to its log in the embedded metric format."""
    return Metrics()


def count(name: str, value: int = 1) -> None:
    """Emit one count, at once."""
    _emit(name, MetricUnit.Count, value)


def duration(name: str, milliseconds: float) -> None:
    """Emit one duration, at once."""
    _emit(name, MetricUnit.Milliseconds, milliseconds)


def _emit(name: str, unit: MetricUnit, value: float) -> None:
    # Threads count too, and Powertools reads and writes a metric in two steps.
    with _adding:
        metrics().add_metric(name=name, unit=unit, value=value, resolution=MetricResolution.Standard)


def flush() -> None:
    """Write what was counted, in one line; nothing where nothing was."""
    if metrics().metric_set:
        metrics().flush_metrics()
