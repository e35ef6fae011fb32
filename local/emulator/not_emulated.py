"""List the resource types of the deployed stacks that the emulator accepts without fully emulating them."""

from local.emulator import patching
from local.emulator.cloudformation.resource_types import is_accepted_only

# Types with a handler that does less than AWS.
PARTLY_EMULATED = {
    "AWS::CloudWatch::Alarm": "Alarms are evaluated, by the metrics of the services that Parley uses.",
    "AWS::CloudWatch::Dashboard": "Dashboards are stored; `parley dashboard` shows them.",
    "AWS::ApiGateway::RequestValidator": "Validators are stored; REST bodies reach the function unchecked.",
    "AWS::IAM::Policy": "IAM policies are stored; in this run no permission is enforced.",
    "AWS::Events::Rule": "Rules deliver; a failed start goes to the dead-letter queue at once, without retries.",
    "AWS::CloudFront::Distribution": "The front door serves its site and headers. It caches immutable files only.",
    "AWS::WAFv2::WebACL": "Web ACLs are stored; no request is inspected.",
    "AWS::Logs::MetricFilter": "Metric filters are stored; metrics from logs are not computed.",
}


def describe() -> list[dict[str, str]]:
    """The types in deployed stacks that are not fully emulated, sorted: `{"type": …, "note": one sentence}`."""
    stacks = patching.module("services.cloudformation")._stacks
    deployed: set[str] = set()
    for _scope, stack in stacks.all_items():
        if str(stack.get("StackStatus", "")).startswith("DELETE"):
            continue
        for resource in (stack.get("_resources") or {}).values():
            deployed.add(str(resource.get("ResourceType", "")))
    notes = {name: PARTLY_EMULATED[name] for name in deployed if name in PARTLY_EMULATED}
    notes |= {name: "Accepted and recorded; nothing acts on it." for name in deployed if is_accepted_only(name)}
    return [{"type": name, "note": note} for name, note in sorted(notes.items())]
