"""Structured logs and metrics. Logs contain ids, never message texts."""

import os
from functools import cache
from threading import Lock

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import EphemeralMetrics, MetricResolution, MetricUnit

logger = Logger(log_uncaught_exceptions=False)
_lock = Lock()
_is_cold = True


@cache
def metrics() -> Metrics:
    """This function's metrics, written to its log in the CloudWatch embedded metric format."""
    return Metrics()


def count(name: str, value: int = 1) -> None:
    """Add to a count; `flush` writes it."""
    _add(name, MetricUnit.Count, value)


def duration(name: str, milliseconds: float) -> None:
    """Record one duration; `flush` writes it."""
    _add(name, MetricUnit.Milliseconds, milliseconds)


def _add(name: str, unit: MetricUnit, value: float) -> None:
    # Called from several threads; Powertools does not add to a metric atomically.
    with _lock:
        metrics().add_metric(name=name, unit=unit, value=value, resolution=MetricResolution.Standard)


def unexpected_error(message: str, **ids: str) -> None:
    """Log the exception that is being handled, and count it for this function and for this version of it.

    Lambda counts what a handler raises, not the failures that it answers. This metric has the dimensions of
    Lambda's, so it is another line of the log.
    """
    logger.exception(message, extra=ids, stacklevel=3)
    function, version = (os.environ.get(f"AWS_LAMBDA_FUNCTION_{part}", "") for part in ("NAME", "VERSION"))
    if not function:
        return
    errors = EphemeralMetrics()
    errors.add_metric(name="UnexpectedErrors", unit=MetricUnit.Count, value=1)
    errors.add_dimensions(FunctionName=function)
    errors.add_dimensions(FunctionName=function, ExecutedVersion=version)
    errors.flush_metrics()


def flush() -> None:
    """Write the recorded metrics to the log in one line, if there are any.

    The first of an environment counts its cold start, too. Outside Lambda nothing starts cold.
    """
    global _is_cold
    if _is_cold and "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
        _is_cold = False
        count("ColdStarts")
    if metrics().metric_set:
        metrics().flush_metrics()
