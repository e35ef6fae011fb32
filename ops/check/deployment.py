"""Checks of a stage's stacks, before and after a deployment, and whether its pages can be reached."""

from collections.abc import Iterator
from typing import Any

import httpx
from botocore.exceptions import ClientError

from ops.check import guarded
from ops.check.account import MANY_EMAILS_PER_DAY, Account
from ops.check.guarded import Check
from ops.errors import OpsError
from ops.models import HealthCheck
from ops.stage.stage import STACKS, Stage

TIMEOUT_SECONDS = 15.0
DEFAULT_EMAILS_PER_DAY = 50
"""https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html"""
USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


def stacks(account: Account, name: str) -> tuple[HealthCheck, bool]:
    """The states of the stage's stacks, and whether all exist. A stage that is not deployed is fine."""
    states: dict[str, str | None] = {}
    check = Check("stacks", ("cloudformation:DescribeStacks",), lambda: _stacks(account, name, states))
    [result] = guarded.run([check])
    return result, bool(states) and all(states.values())


def _stacks(account: Account, name: str, states: dict[str, str | None]) -> HealthCheck:
    """The check; sets the states of the stacks (None: missing)."""
    cloudformation = account.client("cloudformation")
    for stack in STACKS:
        try:
            [found] = cloudformation.describe_stacks(StackName=f"Parley-{name}-{stack}")["Stacks"]
            states[stack] = found["StackStatus"]
        except ClientError as refusal:
            if refusal.response["Error"]["Code"] != "ValidationError":
                raise
            states[stack] = None
    deploy = f"make deploy STAGE={name}"
    if not any(states.values()):
        detail = f"none of the stage '{name}' in {account.region}: it is not deployed"
        return HealthCheck(name="stacks", status="ok", detail=detail, fix=f"Deploy it with: {deploy}")
    unusual = {stack: state for stack, state in states.items() if state not in USABLE}
    if not unusual:
        return HealthCheck(name="stacks", status="ok", detail=f"all {len(states)} are deployed", fix="")
    detail = ", ".join(f"{stack} is {state or 'missing'}" for stack, state in unusual.items())
    if any(state and state.endswith("_IN_PROGRESS") for state in unusual.values()):
        return HealthCheck(
            name="stacks", status="warning", detail=detail, fix="Wait until the deployment has ended."
        )
    if set(unusual.values()) == {"UPDATE_ROLLBACK_COMPLETE"}:
        fix = f"The version before runs. Read the events of the stack, fix the cause, and run: {deploy}"
        return HealthCheck(name="stacks", status="warning", detail=detail, fix=fix)
    if any(state in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED") for state in unusual.values()):
        fix = f"Read the events of the stack, delete it, and run: {deploy}"
        return HealthCheck(name="stacks", status="failed", detail=detail, fix=fix)
    return HealthCheck(
        name="stacks", status="failed", detail=detail, fix=f"Read the events of the stack, then run: {deploy}"
    )


def checks(stage: Stage) -> Iterator[HealthCheck]:
    """Whether the stage's pages can be reached, and how it sends e-mail."""
    found = [
        Check("site", (), lambda: _site(stage)),
        Check("config.json", (), lambda: _config(stage)),
        Check("REST API", (), lambda: _api(stage)),
        Check("sign-in pages", (), lambda: _sign_in(stage)),
    ]
    if not stage.is_local:
        actions = ("cognito-idp:DescribeUserPool", "ses:GetAccount")
        found.append(Check("sign-up e-mail", actions, lambda: _email(stage)))
    yield from guarded.run(found)


class UnreachableError(OpsError):
    """An address of the stage did not answer as it should."""


def _get(url: str, **parameters: str) -> httpx.Response:
    try:
        return httpx.get(url, params=parameters or None, timeout=TIMEOUT_SECONDS, follow_redirects=True)
    except httpx.HTTPError as error:
        raise UnreachableError(f"{url} cannot be reached: {error or type(error).__name__}") from None


def _site(stage: Stage) -> HealthCheck:
    answer = _get(f"{stage.site_url}/")
    is_page = answer.status_code == 200 and "text/html" in answer.headers.get("content-type", "")
    return HealthCheck(
        name="site",
        status="ok" if is_page else "failed",
        detail=f"{stage.site_url} answers {answer.status_code}",
        fix="" if is_page else "Deploy the stack Frontend again; a new distribution takes some minutes.",
    )


def _config(stage: Stage) -> HealthCheck:
    config = _read_config(stage)
    is_own = config.get("websocketUrl") == stage.websocket_url or stage.is_local
    return HealthCheck(
        name="config.json",
        status="ok" if is_own else "failed",
        detail="names this stage's socket"
        if is_own
        else f"names the socket {config.get('websocketUrl')}, and the stage has {stage.websocket_url}",
        fix="" if is_own else "Deploy the stack Frontend again: its config.json is from an earlier deployment.",
    )


def _read_config(stage: Stage) -> dict[str, Any]:
    answer = _get(f"{stage.site_url}/config.json")
    try:
        config = answer.json() if answer.status_code == 200 else None
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise UnreachableError(f"{answer.url} answers {answer.status_code} without a configuration.")
    return config


def _api(stage: Stage) -> HealthCheck:
    answer = _get(f"{stage.api_url}/me")
    return HealthCheck(
        name="REST API",
        status="ok" if answer.status_code == 401 else "failed",
        detail=f"{stage.api_url} answers {answer.status_code} without a token",
        fix="" if answer.status_code == 401 else "It should answer 401: deploy RestApi and Frontend again.",
    )


def _sign_in(stage: Stage) -> HealthCheck:
    auth = _read_config(stage)["auth"]
    answer = _get(
        auth["authorizationEndpoint"],
        client_id=auth["clientId"],
        response_type="code",
        scope=auth["scopes"],
        redirect_uri=f"{stage.site_url}/",
        state="doctor",
        code_challenge="E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
        code_challenge_method="S256",
    )
    is_page = answer.status_code == 200 and "error" not in answer.url.params
    return HealthCheck(
        name="sign-in pages",
        status="ok" if is_page else "failed",
        detail=f"{answer.url.host} answers {answer.status_code}"
        + (f": {answer.url.params['error']}" if "error" in answer.url.params else ""),
        fix="" if is_page else "Deploy the stacks Auth and Frontend again; a new domain takes some minutes.",
    )


def _email(stage: Stage) -> HealthCheck:
    pool = stage.client("cognito-idp").describe_user_pool(UserPoolId=stage.output("Auth", "UserPoolId"))[
        "UserPool"
    ]
    email = pool.get("EmailConfiguration") or {}
    name = "sign-up e-mail"
    if (pool.get("LambdaConfig") or {}).get("PreSignUp"):
        return HealthCheck(name=name, status="ok", detail="none is needed: every sign-up is confirmed", fix="")
    if email.get("EmailSendingAccount") != "DEVELOPER":
        return HealthCheck(
            name=name,
            status="warning",
            detail=f"Cognito sends it, about {DEFAULT_EMAILS_PER_DAY} a day for all user pools of the account",
            fix="More users than that cannot sign up in a day: let the user pool send with Amazon SES.",
        )
    account = stage.client("sesv2").get_account()
    per_day = (account.get("SendQuota") or {}).get("Max24HourSend", 0)
    is_sandbox = not account.get("ProductionAccessEnabled")
    is_enough = not is_sandbox and per_day >= MANY_EMAILS_PER_DAY
    return HealthCheck(
        name=name,
        status="failed" if is_sandbox else "ok" if is_enough else "warning",
        detail=f"Amazon SES sends it from {email.get('From') or email.get('SourceArn')}, {per_day:g} a day"
        + (", to verified addresses only (sandbox)" if is_sandbox else ""),
        fix="Request production access in the SES console."
        if is_sandbox
        else ""
        if is_enough
        else "Request a higher sending quota of SES.",
    )
