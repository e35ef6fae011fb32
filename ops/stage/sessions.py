"""AWS sessions: of the operator for a deployed stage, and of a local stage, which ignores the operator's settings.

boto3 takes a third of a second to import, so it is imported where it is used: help and `status` do without it.
"""

import os
from typing import TYPE_CHECKING

from ops.errors import OpsError

if TYPE_CHECKING:
    import boto3


class SessionError(OpsError):
    """The operator's AWS settings cannot be used. The message names the setting."""


def of_operator(profile: str | None = None, region: str | None = None) -> "boto3.Session":
    """The session for a deployed stage: by default of the environment's profile and region.

    AWS_REGION counts, as for the AWS CLI and the CDK; boto3 itself reads AWS_DEFAULT_REGION alone.
    Raises SessionError if there is no such profile, or the files of settings are damaged.
    """
    import boto3
    from botocore.exceptions import BotoCoreError

    try:
        return boto3.Session(profile_name=profile, region_name=region or os.environ.get("AWS_REGION") or None)
    except (BotoCoreError, ValueError) as error:
        raise unusable(error) from None


def unusable(error: Exception) -> SessionError:
    """The error of AWS settings that boto3 refuses. It raises ValueError for one that it cannot parse."""
    message = str(error).rstrip(".")
    return SessionError(
        f"Your AWS settings cannot be used: {message}. Choose a profile with --profile or AWS_PROFILE."
    )


def of_local_stage(region: str) -> "boto3.Session":
    """The session for an emulator. It reads neither the profile nor the files of the operator's AWS settings."""
    import boto3
    import botocore.session

    # Not from AWS_PROFILE: a variable's sources are its key in the file, its environment variables, its default.
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    session.set_config_variable("config_file", os.devnull)
    session.set_config_variable("credentials_file", os.devnull)
    return boto3.Session("local", "local", region_name=region, botocore_session=session)
