"""What a stage costs while it is not used: docs/cost.md lists it, and the templates have nothing else."""

import json
import re
from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from ops.cost.prices import AT_REST
from ops.cost.report import rest_month
from ops.cost.resources import ALARM, watched_metrics
from tests.stacks.conftest import ROOT, Synthesised, named

ROW = re.compile(r"^\| `((?:AWS|Custom)::[\w:]+)`[^|]*\| ([^|]+) \| ([^|]+) \|[^|]+\|([^|]*)\|$")
# Types without a price for existing. They cost by use, or nothing.
FREE_AT_REST = {
    "AWS::ApiGateway::Account",
    "AWS::ApiGateway::Authorizer",
    "AWS::ApiGateway::Deployment",
    "AWS::ApiGateway::GatewayResponse",
    "AWS::ApiGateway::Method",
    "AWS::ApiGateway::Model",
    "AWS::ApiGateway::RequestValidator",
    "AWS::ApiGateway::Resource",
    "AWS::ApiGateway::RestApi",
    "AWS::ApiGateway::Stage",
    "AWS::ApiGatewayV2::Api",
    "AWS::ApiGatewayV2::ApiMapping",
    "AWS::ApiGatewayV2::Authorizer",
    "AWS::ApiGatewayV2::DomainName",
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::IntegrationResponse",
    "AWS::ApiGatewayV2::Route",
    "AWS::ApiGatewayV2::RouteResponse",
    "AWS::ApiGatewayV2::Stage",
    "AWS::Budgets::Budget",
    "AWS::CloudFront::Distribution",
    "AWS::CloudFront::Function",
    "AWS::CloudFront::OriginAccessControl",
    "AWS::CloudFront::ResponseHeadersPolicy",
    "AWS::CodeDeploy::Application",
    "AWS::CodeDeploy::DeploymentGroup",
    "AWS::Cognito::ManagedLoginBranding",
    "AWS::Cognito::UserPool",
    "AWS::Cognito::UserPoolClient",
    "AWS::Cognito::UserPoolDomain",
    "AWS::Events::EventBus",
    "AWS::Events::Rule",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::Lambda::Alias",
    "AWS::Lambda::Function",
    # Code and layers are free up to 75 GB in an account and region.
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Permission",
    "AWS::Lambda::Version",
    "AWS::Logs::QueryDefinition",
    # Records are free; the zone, which exists already, is not.
    "AWS::Route53::RecordSet",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::Subscription",
    "AWS::SNS::Topic",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::StepFunctions::StateMachine",
    "AWS::WAFv2::WebACLAssociation",
    "AWS::XRay::Group",
    "AWS::XRay::SamplingRule",
    "Custom::CDKBucketDeployment",
    "Custom::S3AutoDeleteObjects",
}


def listed() -> dict[str, dict[str, str]]:
    """The resource types of the page's table, with the numbers of resources in dev and prod, and their price."""
    lines = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8").splitlines()
    rows = [row.groups() for line in lines if (row := ROW.match(line))]
    assert rows
    return {kind: {"dev": dev.strip(), "prod": prod.strip(), "month": month} for kind, dev, prod, month in rows}


def counted(stage: Synthesised) -> Counter[str]:
    return Counter(resource["Type"] for _, resource in stage.all_resources())


def test_every_resource_type_is_free_at_rest_or_on_the_page(stage: Synthesised, full: Synthesised) -> None:
    """A type that is new needs a price, or the knowledge that it has none."""
    for each in (stage, full):
        assert counted(each).keys() - FREE_AT_REST - listed().keys() == set()
    assert not FREE_AT_REST & listed().keys()


def test_the_page_has_the_numbers_of_the_templates(stage: Synthesised) -> None:
    """Of the types that cost by the number of resources; the others cost by size."""
    numbers = {kind: cells[stage.stage] for kind, cells in listed().items() if cells[stage.stage].isdigit()}
    assert {kind: int(number) for kind, number in numbers.items()} == {
        kind: counted(stage)[kind] for kind in numbers
    }
    assert "AWS::CloudWatch::Alarm" in numbers


def monthly(cell: str, stage: str) -> Decimal:
    """The price of a cell of the page's table; the highest of a range, and of `dev or prod` that of the stage."""
    amounts = [Decimal(amount) for amount in re.findall(r"\$([0-9.]+)", cell)]
    return amounts[0] if " or " in cell and stage == "dev" else amounts[-1]


def test_the_tools_and_the_page_have_the_same_price(stage: Synthesised) -> None:
    """`parley cost` counts what is deployed, by its price table. Types that cost by size have no price at rest."""
    by_number = {kind: cells for kind, cells in listed().items() if cells["dev"].isdigit()}
    assert AT_REST.keys() == by_number.keys()
    resources = counted(stage)
    alarms = [each["Properties"] for each in stage.resources(ALARM).values()]
    resources[ALARM] = sum(map(watched_metrics, alarms))
    by_the_page = sum(monthly(cells["month"], stage.stage) for kind, cells in by_number.items() if resources[kind])
    assert rest_month(resources) == by_the_page


def test_the_dashboard_can_be_one_of_the_free_ones(stage: Synthesised) -> None:
    """An account's first three are free, with at most 50 metrics each."""
    (dashboard,) = stage.resources("AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(named(dashboard["Properties"]["DashboardBody"]))["widgets"]
    metrics = {
        tuple(part for part in metric if isinstance(part, str))
        for widget in widgets
        for metric in widget["properties"].get("metrics", [])
    } - {()}
    assert 30 < len(metrics) <= 50


def has(properties: Any, name: str, value: Any) -> bool:
    """Whether a property with this name and value is anywhere in the properties of a resource."""
    if isinstance(properties, dict):
        return properties.get(name) == value or any(has(each, name, value) for each in properties.values())
    return isinstance(properties, list) and any(has(each, name, value) for each in properties)


@pytest.mark.parametrize(
    ("name", "value", "stages"),
    [
        # $0.20 per GB and month; the page has it for prod.
        ("PointInTimeRecoveryEnabled", True, {"prod"}),
        # Detailed metrics: $0.30 per metric and month.
        ("MetricsEnabled", True, set()),
        ("DetailedMetricsEnabled", True, set()),
        # Capacity that is paid for by the hour.
        ("BillingMode", "PROVISIONED", set()),
        ("CacheClusterEnabled", True, set()),
        # Customer-managed keys: $1 per key and month.
        ("SSEType", "KMS", set()),
        ("SSEAlgorithm", "aws:kms", set()),
    ],
)
def test_properties_that_cost_at_rest(
    dev: Synthesised, prod: Synthesised, name: str, value: Any, stages: set[str]
) -> None:
    """They are set in the named stages only."""
    with_it = {
        stage.stage
        for stage in (dev, prod)
        for _, resource in stage.all_resources()
        if has(resource.get("Properties", {}), name, value)
    }
    assert with_it == stages


def test_nothing_is_paid_for_by_the_hour_in_a_property(stage: Synthesised) -> None:
    """Provisioned concurrency, SnapStart, provisioned throughput, web ACLs and keys of our choice."""
    names = {"ProvisionedConcurrencyConfig", "SnapStart", "ProvisionedThroughput", "WebACLId", "KmsKeyId",
             "KmsMasterKeyId", "KMSMasterKeyId"}  # fmt: skip
    text = json.dumps([resource.get("Properties", {}) for _, resource in stage.all_resources()])
    assert not {name for name in names if f'"{name}":' in text}
