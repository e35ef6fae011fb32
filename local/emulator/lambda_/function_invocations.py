"""Run Python functions in `function_workers`' pools, with a trace, their own error names and their logs.

AWS: calls run concurrently, a handler that raises fails only that call, the error keeps its name, every call
has a `_X_AMZN_TRACE_ID`, and everything it prints reaches the function's log group in its environment's
stream. MiniStack (`lambda_svc._execute_function_warm`): starts a process per waiting call without a cap,
kills the process of a handler that raises and calls every error `Runtime.HandlerError`, waits 50 ms for a log
line that may not come, gives a trace only to functions with active tracing, and makes a log stream per call.
Replaced: that function, the log writing after it (`_emit_lambda_logs`), and `invalidate_worker`, which stops
what a function no longer uses.
"""

import json
import logging
import os
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from local.emulator import patching
from local.emulator.lambda_.function_workers import (
    FunctionBusyError,
    FunctionInitError,
    FunctionPools,
    FunctionSpec,
    Invocation,
    InvocationResult,
    UnpackedArchives,
)
from local.emulator.logs import log_groups
from local.emulator.settings import EmulatorSettings
from local.emulator.xray import trace_collector, trace_headers

logger = logging.getLogger("parley.functions")

EXECUTE_API = re.compile(r"https://([a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com")
PASSED_ON = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "SYSTEMROOT", "SSL_CERT_FILE")
WRITTEN_ALREADY = "parley"


def rewrite_hosts(value: str, port: int) -> str:
    """An execute-api address of AWS as the emulator serves it; anything else unchanged."""
    return EXECUTE_API.sub(rf"http://127.0.0.1:{port}/_aws/execute-api/\1", value)


def function_environment(config: dict[str, Any], settings: EmulatorSettings, trace_port: int) -> dict[str, str]:
    """The environment variables of a function's processes: Lambda's own, the function's, and where AWS is here.

    Of this machine's own variables only a few pass: a developer's AWS profile must not reach the functions.
    """
    name = str(config["FunctionName"])
    account_region = str(config["FunctionArn"]).split(":")
    credentials = patching.original("core.lambda_runtime", "execution_credentials")(config)
    log_group = (config.get("LoggingConfig") or {}).get("LogGroup") or f"/aws/lambda/{name}"
    variables = {key: os.environ[key] for key in PASSED_ON if key in os.environ}
    variables |= {
        "AWS_REGION": account_region[3],
        "AWS_DEFAULT_REGION": account_region[3],
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{settings.port}",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DISABLE_HOST_PREFIX_INJECTION": "true",
        "AWS_EXECUTION_ENV": f"AWS_Lambda_{config.get('Runtime', 'python3')}",
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": str(config.get("Version", "$LATEST")),
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_GROUP_NAME": log_group,
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
    """The patched invocation path: MiniStack's function records in, results in its shape out."""

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
        self._invalidate = patching.replace("services.lambda_svc", "invalidate_worker", self._forget)

    def execute(self, func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
        """Run one invocation; other runtimes, and functions with no code, stay with MiniStack."""
        config = func.get("config") or func
        if not func.get("code_zip") or not str(config.get("Runtime", "")).startswith("python"):
            return dict(self._run_other_runtime(func, event, request_id))
        inbound = trace_headers.parse(trace_headers.current.get())
        if inbound is None:
            inbound = trace_headers.new_trace(sampled=self._is_traced(config))
        segment_id = trace_headers.new_segment_id()
        invocation = Invocation(
            event=event,
            request_id=request_id,
            function_arn=str(config.get("FunctionArn", "")),
            trace_header=str(inbound.with_parent(segment_id)),
            timeout_seconds=float(config.get("Timeout", 3)),
        )
        started = time.time()
        try:
            result = self._pool(func, config).invoke(invocation)
        except FunctionInitError as failure:
            result = InvocationResult(
                failure.log, f"{time.strftime('%Y/%m/%d')}/[$LATEST]init", 0, error=failure.error
            )
        except FunctionBusyError as failure:
            return dict(
                self._lambda._throttle_response("ConcurrentInvocationLimitExceeded", f"Rate Exceeded: {failure}")
            )
        ended = time.time()
        self._log(config, invocation, result, started, ended)
        if inbound.sampled:
            trace_collector.record_function(
                config["FunctionName"],
                inbound,
                segment_id,
                request_id,
                started,
                ended,
                failed=result.error is not None,
            )
        if result.error is None:
            return {"body": result.result, "log": result.log, "log_source": WRITTEN_ALREADY}
        return {"body": result.error, "error": True, "log": result.log, "log_source": WRITTEN_ALREADY}

    def warm(self) -> list[str]:
        """Have one environment of every deployed Python function ready; hand back the names of those that fail."""
        failed: list[str] = []

        def warm_one(func: dict[str, Any]) -> None:
            config = func.get("config") or func
            in_scope = self._lambda._run_with_function_config_scope
            try:
                in_scope(config, lambda: self._pool(func, config).warm())
            except (FunctionInitError, FunctionBusyError) as failure:
                logger.warning("Function %s does not start: %s", config["FunctionName"], failure)
                failed.append(str(config["FunctionName"]))

        wanted = [
            func
            for _scope, func in self._lambda._functions.all_items()
            if func.get("code_zip")
            and str((func.get("config") or func).get("Runtime", "")).startswith("python")
            and not _is_custom_resource(func.get("config") or func)
        ]
        with ThreadPoolExecutor(max_workers=os.cpu_count() or 2) as threads:
            list(threads.map(warm_one, wanted))
        return failed

    def stop(self) -> None:
        """End every function process."""
        self._pools.stop()

    def _pool(self, func: dict[str, Any], config: dict[str, Any]) -> Any:
        key = json.dumps([config.get(part) for part in ("CodeSha256", "RevisionId", "LastModified", "Version")])
        arn = str(config["FunctionArn"])

        def make_spec() -> FunctionSpec:
            layers = [self._lambda._resolve_layer_zip(layer) for layer in config.get("Layers") or []]
            return FunctionSpec(
                arn=arn,
                name=str(config["FunctionName"]),
                handler=str(config.get("Handler", "index.handler")),
                key=key,
                code=func["code_zip"],
                layers=tuple(layer for layer in layers if layer),
                environment=function_environment(config, self._settings, trace_collector.port()),
            )

        return self._pools.pool(arn, key, make_spec)

    def _is_traced(self, config: dict[str, Any]) -> bool:
        return (config.get("TracingConfig") or {}).get("Mode") == "Active"

    def _forget(self, *arguments: Any, **keywords: Any) -> None:
        self._invalidate(*arguments, **keywords)
        deployed = {
            (func.get("config") or func).get("FunctionArn")
            for _, func in list(self._lambda._functions.all_items())
        }
        self._pools.forget(lambda arn: arn in deployed)

    def _write_logs(self, func: dict[str, Any], *arguments: Any, **keywords: Any) -> None:
        if keywords.get("log_source") != WRITTEN_ALREADY:
            self._write_other_logs(func, *arguments, **keywords)

    def _log(
        self,
        config: dict[str, Any],
        invocation: Invocation,
        result: InvocationResult,
        started: float,
        ended: float,
    ) -> None:
        logging_config = config.get("LoggingConfig") or {}
        group = logging_config.get("LogGroup") or f"/aws/lambda/{config['FunctionName']}"
        duration = (ended - started) * 1000
        trace = trace_headers.parse(invocation.trace_header)
        lines = platform_lines(
            invocation.request_id,
            version=str(config.get("Version", "$LATEST")),
            memory=int(config.get("MemorySize", 128)),
            used=result.memory_megabytes,
            duration=duration,
            trace=trace if trace and trace.sampled else None,
            as_json=logging_config.get("LogFormat") == "JSON",
            status="success" if result.error is None else "error",
        )
        start, *end = lines
        log_groups.append(
            group, result.log_stream, [start, *result.log.splitlines(), *end], first_at=started, last_at=ended
        )


def platform_lines(
    request_id: str,
    *,
    version: str,
    memory: int,
    used: int,
    duration: float,
    trace: trace_headers.TraceHeader | None,
    as_json: bool,
    status: str,
) -> list[str]:
    """The lines that Lambda itself writes around a function's own, in the function's log format."""
    billed = int(duration) + 1
    if as_json:
        now = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime())
        metrics = {
            "durationMs": round(duration, 3),
            "billedDurationMs": billed,
            "memorySizeMB": memory,
            "maxMemoryUsedMB": used,
        }
        report: dict[str, Any] = {"requestId": request_id, "metrics": metrics, "status": status}
        if trace is not None:
            report["tracing"] = {"spanId": trace.parent, "type": "X-Amzn-Trace-Id", "value": str(trace)}
        return [
            json.dumps(
                {"time": now, "type": "platform.start", "record": {"requestId": request_id, "version": version}}
            ),
            json.dumps({"time": now, "type": "platform.report", "record": report}),
        ]
    report_line = (
        f"REPORT RequestId: {request_id}\tDuration: {duration:.2f} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {memory} MB\tMax Memory Used: {used} MB\t"
    )
    if trace is not None:
        report_line += f"XRAY TraceId: {trace.root}\tSegmentId: {trace.parent}\tSampled: true"
    return [
        f"START RequestId: {request_id} Version: {version}",
        f"END RequestId: {request_id}",
        report_line,
    ]


def _is_custom_resource(config: dict[str, Any]) -> bool:
    """Whether a function only serves the deployment (CDK's providers), so that warming it would be waste."""
    return "CustomResource" in str(config["FunctionName"]) or "CustomCDK" in str(config["FunctionName"])
