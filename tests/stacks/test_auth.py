"""The user pool: second factors, who confirms a sign-up, and who sends its e-mails."""

from typing import Any

from functions.contract.session import ENDED_SECONDS, ENDED_SESSION_SECONDS
from tests.stacks.conftest import Synthesised, named


def pool(stage: Synthesised) -> dict[str, Any]:
    (found,) = stage.resources("AWS::Cognito::UserPool").values()
    properties: dict[str, Any] = found["Properties"]
    return properties


def test_production_requires_a_second_factor(dev: Synthesised, prod: Synthesised) -> None:
    """And has Cognito's threat protection."""
    for stage, mfa in ((dev, "OPTIONAL"), (prod, "ON")):
        assert pool(stage)["MfaConfiguration"] == mfa
        add_ons = pool(stage).get("UserPoolAddOns")
        assert add_ons == ({"AdvancedSecurityMode": "ENFORCED"} if stage is prod else None)


def test_only_a_demo_confirms_sign_ups_itself(stage: Synthesised, full: Synthesised) -> None:
    """By a function before the sign-up. Without it, Cognito sends a code to the address and waits for it."""
    assert "PreSignUp" not in pool(stage).get("LambdaConfig", {})
    assert "PreSignUp" in pool(full)["LambdaConfig"]
    assert pool(stage)["AutoVerifiedAttributes"] == ["email"]


def test_cognito_sends_its_own_mails_unless_the_stage_names_an_address(stage: Synthesised) -> None:
    """About 50 a day: enough to try a stage."""
    assert "EmailConfiguration" not in pool(stage)


def test_ses_sends_the_mails_of_a_stage_that_names_an_address(full: Synthesised) -> None:
    """From the identity of the settings, in their region."""
    email = dict(pool(full)["EmailConfiguration"])
    source = named(email.pop("SourceArn"))
    assert source == "arn:<AWS::Partition>:ses:eu-west-1:<AWS::AccountId>:identity/example.com"
    assert email == {
        "EmailSendingAccount": "DEVELOPER",
        "From": "Parley <chat@example.com>",
        "ReplyToEmailAddress": "help@example.com",
        "ConfigurationSet": "parley",
    }


def test_the_mark_of_an_ended_session_outlives_its_tokens(stage: Synthesised) -> None:
    """The mark alone refuses a token that is still valid, so it must not expire first.

    An operator's command revokes refresh tokens. At a sign-out only the browser does, if it reaches the user pool.
    """
    (client,) = stage.resources("AWS::Cognito::UserPoolClient").values()
    properties = client["Properties"]
    assert set(properties["TokenValidityUnits"].values()) == {"minutes"}
    for name in ("IdTokenValidity", "AccessTokenValidity"):
        assert 0 < properties[name] * 60 < ENDED_SECONDS
    refresh_token, id_token = properties["RefreshTokenValidity"] * 60, properties["IdTokenValidity"] * 60
    assert 0 < refresh_token + id_token < ENDED_SESSION_SECONDS


def test_a_sign_in_and_a_first_password_do_not_last_for_ever(stage: Synthesised) -> None:
    """A sign-in ends after a week. A lost password is replaced by e-mail alone: Parley has no phone numbers."""
    (client,) = stage.resources("AWS::Cognito::UserPoolClient").values()
    assert client["Properties"]["RefreshTokenValidity"] == 7 * 24 * 60
    assert pool(stage)["Policies"]["PasswordPolicy"]["TemporaryPasswordValidityDays"] == 3
    assert list(pool(stage)["AccountRecoverySetting"].values()) == [[{"Name": "verified_email", "Priority": 1}]]
