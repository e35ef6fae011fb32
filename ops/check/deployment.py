"""Checks of a stage's stacks, before and after a deployment, and whether its pages can be reached."""

from collections.abc import Iterator
from typing import Any

import httpx
from botocore.exceptions import ClientError

from ops.check import guarded
from ops.check.account import MANY_EMAILS_PER_DAY, Account
from ops.check.guarded import Check, Finding, judged
from ops.errors import OpsError
from ops.models import HealthCheck
from ops.stage.stage import STACKS, Stage

TIMEOUT_SECONDS = 15.0
DEFAULT_EMAILS_PER_DAY = 50
"""https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html"""
USABLE = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE")


def stacks(account: Account, name: str, deploy: str) -> tuple[HealthCheck, bool]:
    """The states of the stage's stacks, and whether all exist. A stage that is not deployed is fine.

    `deploy` is the command that deploys it, for the message.
    """
    states: dict[str, str | None] = {}
    check = Check("stacks", ("cloudformation:DescribeStacks",), lambda: _stacks(account, name, deploy, states))
    [result] = guarded.run([check])
    return result, bool(states) and all(states.values())


def _stacks(account: Account, name: str, deploy: str, states: dict[str, str | None]) -> Finding:
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
    if not any(states.values()):
        detail = f"none of the stage '{name}' in {account.region}: it is not deployed"
        return Finding("ok", detail, f"Deploy it with: {deploy}")
    unusual = {stack: state for stack, state in states.items() if state not in USABLE}
    if not unusual:
        return Finding("ok", f"all {len(states)} are deployed")
    detail = ", ".join(f"{stack} is {state or 'missing'}" for stack, state in unusual.items())
    if any(state and state.endswith("_IN_PROGRESS") for state in unusual.values()):
        return Finding("warning", detail, "Wait until the deployment has ended.")
    if set(unusual.values()) == {"UPDATE_ROLLBACK_COMPLETE"}:
        fix = f"The version before runs. Read the events of the stack, fix the cause, and run: {deploy}"
        return Finding("warning", detail, fix)
    if any(state in ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED") for state in unusual.values()):
        return Finding("failed", detail, f"Read the events of the stack, delete it, and run: {deploy}")
    return Finding("failed", detail, f"Read the events of the stack, then run: {deploy}")


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


def _site(stage: Stage) -> Finding:
    answer = _get(f"{stage.site_url}/")
    is_page = answer.status_code == 200 and "text/html" in answer.headers.get("content-type", "")
    fix = "Deploy the stack Frontend again; a new distribution takes some minutes."
    return judged(is_page, f"{stage.site_url} answers {answer.status_code}", fix)


def _config(stage: Stage) -> Finding:
    named = _read_config(stage).get("websocketUrl")
    if named == stage.websocket_url or stage.is_local:
        return Finding("ok", "names this stage's socket")
    detail = f"names the socket {named}, and the stage has {stage.websocket_url}"
    fix = "Deploy the stack Frontend again: its config.json is from an earlier deployment."
    return Finding("failed", detail, fix)


def _read_config(stage: Stage) -> dict[str, Any]:
    answer = _get(f"{stage.site_url}/config.json")
    try:
        config = answer.json() if answer.status_code == 200 else None
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise UnreachableError(f"{answer.url} answers {answer.status_code} without a configuration.")
    return config


def _api(stage: Stage) -> Finding:
    answer = _get(f"{stage.api_url}/me")
    detail = f"{stage.api_url} answers {answer.status_code} without a token"
    return judged(answer.status_code == 401, detail, "It should answer 401: deploy RestApi and Frontend again.")


def _sign_in(stage: Stage) -> Finding:
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
    error = answer.url.params.get("error")
    detail = f"{answer.url.host} answers {answer.status_code}" + (f": {error}" if error is not None else "")
    fix = "Deploy the stacks Auth and Frontend again; a new domain takes some minutes."
    return judged(answer.status_code == 200 and error is None, detail, fix)


def _email(stage: Stage) -> Finding:
    pool = stage.client("cognito-idp").describe_user_pool(UserPoolId=stage.output("Auth", "UserPoolId"))[
        "UserPool"
    ]
    email = pool.get("EmailConfiguration") or {}
    if (pool.get("LambdaConfig") or {}).get("PreSignUp"):
        return Finding("ok", "none is needed: every sign-up is confirmed")
    if email.get("EmailSendingAccount") != "DEVELOPER":
        return Finding(
            "warning",
            f"Cognito sends it, about {DEFAULT_EMAILS_PER_DAY} a day for all user pools of the account",
            "More users than that cannot sign up in a day: let the user pool send with Amazon SES.",
        )
    account = stage.client("sesv2").get_account()
    per_day = (account.get("SendQuota") or {}).get("Max24HourSend", 0)
    detail = f"Amazon SES sends it from {email.get('From') or email.get('SourceArn')}, {per_day:g} a day"
    if not account.get("ProductionAccessEnabled"):
        detail += ", to verified addresses only (sandbox)"
        return Finding("failed", detail, "Request production access in the SES console.")
    is_enough = per_day >= MANY_EMAILS_PER_DAY
    return judged(is_enough, detail, "Request a higher sending quota of SES.", otherwise="warning")
