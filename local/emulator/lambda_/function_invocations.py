"""Run Python functions in `function_pools`, with traces, the names of their errors, and logs.

On AWS, calls run concurrently, a handler that raises fails only its own call, the error keeps its name, every call
has a `_X_AMZN_TRACE_ID`, and everything that it prints reaches the function's log group, in the stream of its
environment. MiniStack (`lambda_svc._execute_function_warm`) starts a process per waiting call without a limit,
kills the process of a handler that raises and names every error `Runtime.HandlerError`, waits 50 ms for log lines
that may not come, traces only functions with active tracing, and creates a log stream per call. This addition
replaces that function, the one that writes the logs after it (`_emit_lambda_logs`), and `invalidate_worker`, which
stops the environments of a changed or deleted function.
"""

import logging
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.emulator import patching
from local.emulator.cloudwatch import service_metrics
from local.emulator.deferred_writes import deferred_writes
from local.emulator.lambda_.alias_routing import aliases_of, called_versions
from local.emulator.lambda_.environments import FunctionSpec, Invocation, InvocationResult
from local.emulator.lambda_.function_pools import FunctionBusyError, FunctionPools
from local.emulator.lambda_.function_processes import FunctionInitError
from local.emulator.lambda_.invocation_logs import InvocationReport, log_group_of, with_failure
from local.emulator.lambda_.unpacked_archives import UnpackedArchives
from local.emulator.logs import log_groups
from local.emulator.settings import EmulatorSettings
from local.emulator.xray import trace_collector, trace_headers

logger = logging.getLogger("parley.functions")

EXECUTE_API = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com")
PASSED_VARIABLES = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SYSTEMROOT", "SSL_CERT_FILE")
LOGS_WRITTEN = "parley"


def rewrite_hosts(value: str, port: int) -> str:
    """Replace execute-api addresses of AWS by those of the emulator; other text is unchanged."""
    return EXECUTE_API.sub(rf"http://127.0.0.1:{port}/_aws/execute-api/\1", value)


def function_environment(config: dict[str, Any], settings: EmulatorSettings, trace_port: int) -> dict[str, str]:
    """The environment variables of a function's processes: Lambda's, the function's, and the emulator's address.

    Only a few variables of this machine are passed: a developer's AWS profile must not reach the functions.
    """
    name = str(config["FunctionName"])
    region = str(config["FunctionArn"]).split(":")[3]
    credentials = patching.original("core.lambda_runtime", "execution_credentials")(config)
    variables = {key: os.environ[key] for key in PASSED_VARIABLES if key in os.environ}
    variables |= {
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{settings.port}",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'python3')}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": _version(config),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group_of(config),
        "AWS_LAMBDA_LOG_STREAM_NAME": "",
        "AWS_XRAY_DAEMON_ADDRESS": f"127.0.0.1:{trace_port}",
        "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
        "_HANDLER": str(config.get("Handler", "")),
        "TZ": ":UTC",
    }
    variables |= {key: str(value) for key, value in credentials.items()}
    own = (config.get("Environment") or {}).get("Variables") or {}
    variables |= {key: rewrite_hosts(str(value), settings.port) for key, value in own.items()}
    if sys.platform == "darwin":
        variables.setdefault("NO_PROXY", "*")
    return variables


class FunctionInvocations:
    """Replaces MiniStack's invocation: takes its function records, and returns results in its form."""

    def __init__(self, settings: EmulatorSettings) -> None:
        self._settings = settings
        self._lambda = patching.module("services.lambda_svc")
        self._pools = FunctionPools(
            UnpackedArchives(settings.state_directory / "unpacked"),
            limit=settings.workers_per_function,
            patience_seconds=settings.worker_patience_seconds,
        )
        self._run_other_runtime = patching.replace("services.lambda_svc", "_execute_function_warm", self.execute)
        self._write_other_logs = patching.replace("services.lambda_svc", "_emit_lambda_logs", self._write_logs)
        self._invalidate = patching.replace("services.lambda_svc", "invalidate_worker", self._invalidate_changed)

    def execute(self, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        """Run one invocation; MiniStack runs other runtimes, and functions without code."""
        config = func.get("config") or func
        if not func.get("code_zip") or not str(config.get("Runtime", "")).startswith("python"):
            return dict(self._run_other_runtime(func, event, request_id))
        inbound = trace_headers.parse(trace_headers.current.get())
        if inbound is None:
            inbound = trace_headers.new_trace(sampled=self._is_traced(config))
        invocation = Invocation(
            event=event,
            request_id=request_id,
            function_arn=str(config.get("FunctionArn", "")),
            trace_header=str(inbound.with_parent(trace_headers.new_segment_id())),
            timeout_seconds=float(config.get("Timeout", 3)),
        )
        started = time.time()
        service_metrics.function_started()
        self.begin(config)
        result: InvocationResult | None = None
        try:
            result = self._pool(func, config).invoke(invocation)
        except FunctionInitError as error:
            result = InvocationResult(
                error.log, f"{time.strftime('%Y/%m/%d')}/[{_version(config)}]init", 0, error=error.error
            )
        except FunctionBusyError as error:
            return dict(
                self._lambda._throttle_response("ConcurrentInvocationLimitExceeded", f"Rate Exceeded: {error}")
            )
        finally:
            service_metrics.function_ended(
                str(config["FunctionName"]),
                version=_version(config),
                aliases=self._aliases(config),
                duration_ms=(time.time() - started) * 1000,
                failed=result is not None and result.error is not None,
                throttled=result is None,
            )
        deferred_writes.add(self._record, config, invocation, result, inbound, started, time.time())
        if result.error is None:
            return {"body": result.result, "log": result.log, "log_source": LOGS_WRITTEN}
        return {"body": result.error, "error": True, "log": result.log, "log_source": LOGS_WRITTEN}

    def begin(self, config: dict[str, Any]) -> None:
        """Called when an invocation begins; what it takes counts as the function's time."""

    def warm(self) -> list[str]:
        """Start an environment of every deployed Python function; returns the names of those that fail."""
        failed: list[str] = []

        def warm_one(func: dict[str, Any]) -> None:
            config = func.get("config") or func
            in_scope = self._lambda._run_with_function_config_scope
            try:
                in_scope(config, lambda: self._pool(func, config).warm())
            except (FunctionInitError, FunctionBusyError) as failure:
                logger.warning("Function %s does not start: %s", config["FunctionName"], failure)
                failed.append(str(config["FunctionName"]))

        functions = [
            version
            for _scope, func in self._lambda._functions.all_items()
            for version in called_versions(func)
            if func.get("code_zip")
            and str((func.get("config") or func).get("Runtime", "")).startswith("python")
            and not _is_custom_resource(func.get("config") or func)
        ]
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as threads:
            list(threads.map(warm_one, functions))
        return failed

    def stop(self) -> None:
        """End every function process."""
        self._pools.stop()

    def _pool(self, func: dict[str, Any], config: dict[str, Any]) -> Any:
        key = " ".join(str(config.get(part)) for part in ("CodeSha256", "RevisionId", "LastModified", "Version"))
        # Not the record's ARN: that of a call names the alias.
        arn = _version_arn(config)

        def make_spec() -> FunctionSpec:
            layers = [self._lambda._resolve_layer_zip(layer) for layer in config.get("Layers") or []]
            return FunctionSpec(
                arn=arn,
                name=str(config["FunctionName"]),
                version=_version(config),
                handler=str(config.get("Handler", "index.handler")),
                key=key,
                code=func["code_zip"],
                layers=tuple(layer for layer in layers if layer),
                environment=function_environment(config, self._settings, trace_collector.port()),
            )

        return self._pools.pool(arn, key, make_spec)

    def _is_traced(self, config: dict[str, Any]) -> bool:
        return (config.get("TracingConfig") or {}).get("Mode") == "Active"

    def _invalidate_changed(self, *arguments: Any, **keywords: Any) -> None:
        self._invalidate(*arguments, **keywords)
        deployed = {
            _version_arn(record.get("config") or record)
            for _, func in list(self._lambda._functions.all_items())
            for record in (func, *(func.get("versions") or {}).values())
        }
        self._pools.keep_only(deployed)

    def _aliases(self, config: dict[str, Any]) -> list[str]:
        """The aliases through which a version is called."""
        function = self._lambda._functions.get(config["FunctionName"])
        return aliases_of(function, _version(config)) if function else []

    def _write_logs(self, func: dict[str, Any], *arguments: Any, **keywords: Any) -> None:
        if keywords.get("log_source") != LOGS_WRITTEN:
            self._write_other_logs(func, *arguments, **keywords)

    def _record(
        self,
        config: dict[str, Any],
        invocation: Invocation,
        result: InvocationResult,
        inbound: trace_headers.TraceHeader,
        started: float,
        ended: float,
    ) -> None:
        """Write the logs and the trace segment of an invocation, which took from `started` to `ended`."""
        trace = trace_headers.parse(invocation.trace_header)
        report = InvocationReport(
            invocation.request_id,
            version=_version(config),
            memory_megabytes=int(config.get("MemorySize", 128)),
            used_megabytes=result.memory_megabytes,
            duration_ms=(ended - started) * 1000,
            trace=trace if trace and trace.sampled else None,
            succeeded=result.error is None,
        )
        as_json = (config.get("LoggingConfig") or {}).get("LogFormat") == "JSON"
        printed = with_failure(result.log.splitlines(), result.error, invocation.request_id)
        lines = report.lines(printed, as_json=as_json)
        log_groups.append(log_group_of(config), result.log_stream, lines, first_at=started, last_at=ended)
        if inbound.sampled and trace and trace.parent:
            trace_collector.record_function(
                config["FunctionName"],
                inbound,
                trace.parent,
                invocation.request_id,
                started,
                ended,
                failed=result.error is not None,
            )


def _version(config: dict[str, Any]) -> str:
    """The version of a function's record."""
    return str(config.get("Version") or "$LATEST")


def _version_arn(config: dict[str, Any]) -> str:
    """The ARN of a record's version; that of the latest one has no qualifier."""
    arn, version = ":".join(str(config["FunctionArn"]).split(":")[:7]), _version(config)
    return arn if version == "$LATEST" else f"{arn}:{version}"


def _is_custom_resource(config: dict[str, Any]) -> bool:
    """Whether a function only serves the deployment (CDK's providers) and need not be warm."""
    return "CustomResource" in str(config["FunctionName"]) or "CustomCDK" in str(config["FunctionName"])
