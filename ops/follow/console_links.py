"""Links to the AWS consoles that show the same. A local stage has none."""

from urllib.parse import quote

from ops.runs.execution import Execution
from ops.stage.stage import Stage


def console(stage: Stage, run: Execution | None, trace_id: str | None) -> dict[str, str] | None:
    """Links to a run, a trace and the logs of a deployed stage; None locally."""
    if stage.is_local:
        return None
    console_url = f"https://{stage.region}.console.aws.amazon.com"
    cloudwatch = f"{console_url}/cloudwatch/home?region={stage.region}#"
    found = {
        "dashboard": f"{cloudwatch}dashboards/dashboard/{stage.output('Observability', 'DashboardName')}",
        "logs": f"{cloudwatch}logsV2:log-groups/log-group/"
        f"{_escaped(stage.output('Delivery', 'DeliverLogGroupName'))}",
    }
    machine = stage.output("Delivery", "DeliverStateMachineArn")
    found["workflow"] = f"{console_url}/states/home?region={stage.region}#/express-statemachines/view/{machine}"
    if run is not None:
        found["run"] = (
            f"{console_url}/states/home?region={stage.region}#/express-executions/details/{run.execution_arn}"
            f"?startDate={run.started_ms}"
        )
    if trace_id:
        found["trace"] = f"{cloudwatch}xray:traces/{trace_id}"
    return found


def _escaped(name: str) -> str:
    """A log group's name as in the console's links: escaped twice, with $ for %."""
    return quote(quote(name, safe=""), safe="").replace("%", "$")
