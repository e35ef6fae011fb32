"""Signing in to a user pool that asks for a second factor."""

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber

from ops.stage.stage import Stage
from ops.stage.users import SecondFactorError, answered_at
from tests.unit.ops.stages import deployed_stage, stubbed

TOKENS = {"AuthenticationResult": {"IdToken": "id-token"}}
POOL = {"UserPoolId": "us-east-1_Users", "ClientId": "client"}


@pytest.fixture
def stage() -> Stage:
    """A deployed stage."""
    return deployed_stage()


def challenge(cognito: Stubber, name: str) -> None:
    """Answer the password with a challenge."""
    cognito.add_response("admin_initiate_auth", {"ChallengeName": name, "Session": "session-1" * 4})


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("SOFTWARE_TOKEN_MFA", "give its current code with --code"),
        ("MFA_SETUP", "sign in once in the browser"),
        ("NEW_PASSWORD_REQUIRED", "must choose a new password"),
        ("EMAIL_OTP", "EMAIL_OTP, which only the sign-in page can answer"),
    ],
)
def test_what_the_pool_asks_for_is_said(stage: Stage, name: str, sentence: str):
    """A sentence, in place of a missing token."""
    with stubbed(stage, "cognito-idp") as cognito:
        challenge(cognito, name)
        with pytest.raises(SecondFactorError, match=sentence):
            stage.user_pool.sign_in("alice", "password")


def test_the_code_of_an_app_completes_the_sign_in(stage: Stage):
    """`parley token --code`."""
    with stubbed(stage, "cognito-idp") as cognito:
        challenge(cognito, "SOFTWARE_TOKEN_MFA")
        cognito.add_response(
            "admin_respond_to_auth_challenge",
            TOKENS,
            {
                **POOL,
                "ChallengeName": "SOFTWARE_TOKEN_MFA",
                "Session": "session-1" * 4,
                "ChallengeResponses": {"USERNAME": "alice", "SOFTWARE_TOKEN_MFA_CODE": "123456"},
            },
        )
        assert stage.user_pool.id_token("alice", "password", code="123456") == "id-token"


def test_a_user_of_the_tools_gets_an_app_of_the_tools(stage: Stage):
    """Each call continues the session of the one before."""
    with stubbed(stage, "cognito-idp") as cognito:
        challenge(cognito, "MFA_SETUP")
        cognito.add_response(
            "associate_software_token",
            {"SecretCode": "GEZDGNBVGY3TQOJQ", "Session": "session-2" * 4},
            {"Session": "session-1" * 4},
        )
        cognito.add_response(
            "verify_software_token",
            {"Status": "SUCCESS", "Session": "session-3" * 4},
            {"Session": "session-2" * 4, "UserCode": ANY},
        )
        cognito.add_response(
            "admin_respond_to_auth_challenge",
            TOKENS,
            {
                **POOL,
                "ChallengeName": "MFA_SETUP",
                "Session": "session-3" * 4,
                "ChallengeResponses": {"USERNAME": "alice"},
            },
        )
        assert stage.user_pool.sign_in("alice", "password", enrol=True)["IdToken"] == "id-token"


def test_a_weak_password_leaves_no_user(stage: Stage):
    """The pool refuses it when the user would be created."""
    with stubbed(stage, "cognito-idp") as cognito:
        cognito.add_client_error(
            "admin_create_user",
            "InvalidPasswordException",
            "too short",
            expected_params={
                "UserPoolId": "us-east-1_Users",
                "Username": "otto",
                "TemporaryPassword": "short",
                "MessageAction": "SUPPRESS",
                "UserAttributes": ANY,
            },
        )
        with pytest.raises(ClientError, match="InvalidPassword"):
            stage.user_pool.add("otto", display_name="Otto", password="short")
        cognito.assert_no_pending_responses()


def test_a_user_whose_password_could_not_be_set_is_deleted(stage: Stage):
    """The user pool has the user completely, or not at all."""
    of_otto = {"UserPoolId": "us-east-1_Users", "Username": "otto"}
    with stubbed(stage, "cognito-idp") as cognito:
        cognito.add_response("admin_create_user", {})
        cognito.add_client_error("admin_set_user_password", "InternalErrorException")
        cognito.add_response("admin_delete_user", {}, of_otto)
        with pytest.raises(ClientError, match="InternalError"):
            stage.user_pool.add("otto", display_name="Otto", password="Parley-ops-1")
        cognito.assert_no_pending_responses()


def test_sessions_end_by_the_clock_of_the_user_pool():
    """It also dates the tokens; this machine's clock may be minutes off."""
    assert answered_at({"HTTPHeaders": {"date": "Wed, 18 Nov 2026 11:06:40 GMT"}}) == 1_795_000_000
    assert answered_at({"HTTPHeaders": {}}) > 0
