"""The checks of an account: each state, what was found, and what to do."""

from collections.abc import Callable, Iterator

import boto3
import pytest
from moto import mock_aws

from ops.check import account, guarded
from ops.check.account import Account
from ops.check.guarded import Check, Finding
from tests.unit.ops import stages
from tests.unit.ops.check.stubbed_account import REGION, StubbedAccount


@pytest.fixture
def stubbed() -> StubbedAccount:
    """An account without answers."""
    return StubbedAccount()


@pytest.fixture
def mocked() -> Iterator[Account]:
    """An account of moto."""
    with mock_aws():
        yield Account(stages.session(REGION))


def test_the_identity_and_the_region_are_named(mocked: Account):
    """What a deployment would use."""
    check = account._identity(mocked)
    assert check.status == "ok"
    assert "123456789012" in check.detail
    assert REGION in check.detail


def test_without_a_region_nothing_else_is_checked(monkeypatch: pytest.MonkeyPatch):
    """The first result says how to choose one."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    [check] = account.checks(Account(boto3.Session("tests", "tests")))
    assert (check.status, check.detail) == ("failed", "no region is chosen")
    assert check.fix == "Choose one with --region or AWS_REGION."


def test_without_credentials_nothing_else_is_checked(stubbed: StubbedAccount):
    """Expired ones too."""
    stubbed.stub("sts").add_client_error("get_caller_identity", "ExpiredToken", "The token has expired")
    [check] = account.checks(stubbed)
    assert check.status == "failed"
    assert "The token has expired" in check.detail


def test_other_partitions_are_refused(stubbed: StubbedAccount):
    """aws-cn and GovCloud."""
    caller = {"UserId": "u", "Account": "111122223333", "Arn": "arn:aws-cn:iam::111122223333:user/u"}
    stubbed.stub("sts").add_response("get_caller_identity", caller)
    check = account._identity(stubbed)
    assert check.status == "failed"
    assert "aws-cn" in check.fix


def test_a_region_without_bootstrap_fails(stubbed: StubbedAccount):
    """With the command."""
    message = "Stack with id CDKToolkit does not exist"
    stubbed.stub("cloudformation").add_client_error("describe_stacks", "ValidationError", message)
    check = account._bootstrap(stubbed)
    assert check.status == "failed"
    assert f"cdk bootstrap aws://ACCOUNT/{REGION}" in check.fix


@pytest.mark.parametrize(
    ("version", "state", "status"),
    [
        ("28", "UPDATE_COMPLETE", "ok"),
        ("6", "CREATE_COMPLETE", "ok"),
        ("5", "CREATE_COMPLETE", "failed"),
        ("28", "ROLLBACK_COMPLETE", "failed"),
    ],
)
def test_the_version_and_the_state_of_the_bootstrap_count(
    stubbed: StubbedAccount, version: str, state: str, status: str
):
    """The CDK requires at least version 6."""
    outputs = [{"OutputKey": "BootstrapVersion", "OutputValue": version}]
    stack = {"StackName": account.BOOTSTRAP_STACK, "CreationTime": 0, "StackStatus": state, "Outputs": outputs}
    stubbed.stub("cloudformation").add_response("describe_stacks", {"Stacks": [stack]})
    assert account._bootstrap(stubbed).status == status


@pytest.mark.parametrize(("unreserved", "status"), [(10, "warning"), (1_000, "ok")])
def test_a_new_account_runs_ten_functions_at_once(stubbed: StubbedAccount, unreserved: int, status: str):
    """That is little, and a quota can be requested."""
    limit = {"ConcurrentExecutions": 1_000, "UnreservedConcurrentExecutions": unreserved}
    stubbed.stub("lambda").add_response("get_account_settings", {"AccountLimit": limit})
    check = account._concurrency(stubbed)
    assert check.status == status
    assert ("L-B99A9384" in check.fix) is (status == "warning")


def test_the_throttle_and_the_log_role_of_api_gateway_are_named(stubbed: StubbedAccount):
    """The role belongs to the whole account and region."""
    answer = {"throttleSettings": {"rateLimit": 10_000.0, "burstLimit": 5_000}, "cloudwatchRoleArn": "arn:role"}
    for _ in range(2):
        stubbed.stub("apigateway").add_response("get_account", answer)
    assert account._requests(stubbed).status == "ok"
    assert "arn:role" in account._log_role(stubbed).detail


def test_a_small_throttle_of_api_gateway_is_a_warning(stubbed: StubbedAccount):
    """As in the regions with smaller quotas."""
    stubbed.stub("apigateway").add_response(
        "get_account", {"throttleSettings": {"rateLimit": 1_000.0, "burstLimit": 500}}
    )
    assert account._requests(stubbed).status == "warning"


def test_a_quota_that_was_never_changed_has_its_default(stubbed: StubbedAccount):
    """GetServiceQuota has no entry for it."""
    quotas = stubbed.stub("service-quotas")
    quotas.add_client_error("get_service_quota", "NoSuchResourceException")
    quotas.add_response("get_aws_default_service_quota", {"Quota": {"Value": 500.0}})
    check = account._connections(stubbed)
    assert (check.status, check.detail[:3]) == ("ok", "500")


@pytest.mark.parametrize(("value", "status"), [(10_000.0, "ok"), (400.0, "warning")])
def test_the_throttle_of_put_events_is_read(stubbed: StubbedAccount, value: float, status: str):
    """By its name: it differs by region."""
    name = "PutEvents throttle limit in transactions per second"
    stubbed.stub("service-quotas").add_response(
        "list_service_quotas",
        {"Quotas": [{"QuotaName": "Rules", "Value": 1.0}, {"QuotaName": name, "Value": value}]},
    )
    assert account._events(stubbed).status == status


@pytest.mark.parametrize(("defaults", "status"), [([10_000.0], "ok"), ([400.0], "warning"), ([], "warning")])
def test_a_throttle_of_put_events_that_was_never_changed_has_its_default(
    stubbed: StubbedAccount, defaults: list[float], status: str
):
    """ListServiceQuotas leaves out what has no applied value."""
    name = "PutEvents throttle limit in transactions per second"
    quotas = stubbed.stub("service-quotas")
    quotas.add_response("list_service_quotas", {"Quotas": []})
    quotas.add_response(
        "list_aws_default_service_quotas", {"Quotas": [{"QuotaName": name, "Value": value} for value in defaults]}
    )
    check = account._events(stubbed)
    assert check.status == status
    assert ("not checked" in check.detail) == (not defaults)


@pytest.mark.parametrize("production", [True, False])
def test_the_sandbox_of_ses_is_named(stubbed: StubbedAccount, production: bool):
    """It matters only to a stage that sends with SES."""
    answer = {"ProductionAccessEnabled": production, "SendQuota": {"Max24HourSend": 200.0, "SentLast24Hours": 0.0}}
    stubbed.stub("sesv2").add_response("get_account", answer)
    check = account._ses(stubbed)
    assert check.status == "ok"
    assert ("sandbox" in check.detail) is not production


def test_transaction_search_is_a_warning(stubbed: StubbedAccount):
    """X-Ray's API then finds only the indexed traces."""
    xray = stubbed.stub("xray")
    xray.add_response("get_trace_segment_destination", {"Destination": "CloudWatchLogs", "Status": "ACTIVE"})
    rule = {"Name": "Default", "Rule": {"Probabilistic": {"DesiredSamplingPercentage": 1.0}}}
    xray.add_response("get_indexing_rules", {"IndexingRules": [rule]})
    check = account._traces(stubbed)
    assert check.status == "warning"
    assert "1 %" in check.detail


def test_every_check_of_an_account_needs_the_rights_that_it_names(stubbed: StubbedAccount):
    """Without any right but that to its identity, each check is a warning with the action to allow."""
    caller = {"UserId": "u", "Account": "111122223333", "Arn": "arn:aws:iam::111122223333:user/u"}
    stubbed.stub("sts").add_response("get_caller_identity", caller)
    for service, operation, times in (
        ("cloudformation", "describe_stacks", 1),
        ("lambda", "get_account_settings", 1),
        ("apigateway", "get_account", 2),
        ("service-quotas", "get_service_quota", 1),
        ("service-quotas", "list_service_quotas", 1),
        ("sesv2", "get_account", 1),
        ("xray", "get_trace_segment_destination", 1),
    ):
        for _ in range(times):
            stubbed.stub(service).add_client_error(operation, "AccessDeniedException")
    _, *checks = account.checks(stubbed)
    assert {check.status for check in checks} == {"warning"}
    assert all("may not call" in check.detail and "Allow your role" in check.fix for check in checks)
    assert len(checks) == 8


def test_a_fault_of_a_check_does_not_end_the_others(stubbed: StubbedAccount):
    """Each is a result."""

    def failing(code: str) -> Callable[[], Finding]:
        def make() -> Finding:
            stubbed.stub("lambda").add_client_error("get_account_settings", code, "It did not work")
            return account._concurrency(stubbed)

        return make

    first, second = guarded.run(
        [
            Check("a", ("lambda:X",), failing("ServiceException")),
            Check("b", ("lambda:X",), failing("AccessDenied")),
        ]
    )
    assert (first.status, second.status) == ("warning", "warning")
    assert "It did not work" in first.detail
    assert "lambda:X" in second.fix
