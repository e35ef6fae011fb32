"""Acknowledged changes survive a kill, although the state was not saved after them."""

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from local.deployment import client
from local.emulator_process import EmulatorProcess
from tests.emulator.conftest import create_notes, launch
from tests.waiting import wait_until


def kill(emulator: EmulatorProcess) -> None:
    assert emulator.pid is not None
    os.kill(emulator.pid, signal.SIGKILL)
    wait_until(emulator.has_ended, "the emulator had ended")


@pytest.mark.thorough
def test_passwords_that_users_chose_survive_a_kill(tmp_path: Path):
    """In answer to a challenge, with the old one, and by a code; a user who deleted themselves stays deleted."""
    emulator = launch(tmp_path / "emulator", SAVE_INTERVAL_SECONDS="3600")
    try:
        users = client("cognito-idp", emulator.url)
        pool = users.create_user_pool(PoolName="durable")["UserPool"]["Id"]
        flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]
        client_id = users.create_user_pool_client(UserPoolId=pool, ClientName="chat", ExplicitAuthFlows=flows)[
            "UserPoolClient"
        ]["ClientId"]
        names = ("challenged", "changed", "reset", "deleted")
        for name in names:
            users.admin_create_user(
                UserPoolId=pool, Username=name, TemporaryPassword="Temporary-1", MessageAction="SUPPRESS"
            )
            if name != "challenged":
                users.admin_set_user_password(
                    UserPoolId=pool, Username=name, Password="Beforehand-1", Permanent=True
                )
        assert emulator.ask("save") == {"saved": True}

        def sign_in(name: str, password: str) -> Any:
            return users.initiate_auth(
                ClientId=client_id,
                AuthFlow="USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": name, "PASSWORD": password},
            )

        users.respond_to_auth_challenge(
            ClientId=client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=sign_in("challenged", "Temporary-1")["Session"],
            ChallengeResponses={"USERNAME": "challenged", "NEW_PASSWORD": "Afterwards-1"},
        )
        token = sign_in("changed", "Beforehand-1")["AuthenticationResult"]["AccessToken"]
        users.change_password(AccessToken=token, PreviousPassword="Beforehand-1", ProposedPassword="Afterwards-1")
        users.forgot_password(ClientId=client_id, Username="reset")
        users.confirm_forgot_password(
            ClientId=client_id, Username="reset", ConfirmationCode="654321", Password="Afterwards-1"
        )
        users.delete_user(AccessToken=sign_in("deleted", "Beforehand-1")["AuthenticationResult"]["AccessToken"])

        kill(emulator)
        emulator.start()
        for name in ("challenged", "changed", "reset"):
            assert sign_in(name, "Afterwards-1")["AuthenticationResult"]
        assert {user["Username"] for user in users.list_users(UserPoolId=pool)["Users"]} == {*names} - {"deleted"}
    finally:
        emulator.stop()


@pytest.mark.thorough
def test_items_messages_and_users_survive_a_kill(tmp_path: Path):
    """Changes after the last save are restored as they were acknowledged, in each service, and twice alike."""
    emulator = launch(tmp_path / "emulator", SAVE_INTERVAL_SECONDS="3600")
    try:
        tables, queues = client("dynamodb", emulator.url), client("sqs", emulator.url)
        users = client("cognito-idp", emulator.url)
        create_notes(tables)
        queue = queues.create_queue(QueueName="durable")["QueueUrl"]
        pool = users.create_user_pool(PoolName="durable")["UserPool"]["Id"]
        assert emulator.ask("save") == {"saved": True}

        key = {"id": {"S": "counted"}}
        for _ in range(3):
            tables.update_item(
                TableName="notes",
                Key=key,
                UpdateExpression="ADD times :one",
                ExpressionAttributeValues={":one": {"N": "1"}},
            )
        tables.put_item(TableName="notes", Item={"id": {"S": "deleted"}})
        tables.delete_item(TableName="notes", Key={"id": {"S": "deleted"}})
        pair = [{"Put": {"TableName": "notes", "Item": {"id": {"S": name}}}} for name in ("left", "right")]
        tables.transact_write_items(TransactItems=pair)
        for body in ("first", "second"):
            queues.send_message(QueueUrl=queue, MessageBody=body)
        (received,) = queues.receive_message(QueueUrl=queue)["Messages"]
        queues.delete_message(QueueUrl=queue, ReceiptHandle=received["ReceiptHandle"])
        for name in ("dora", "emil"):
            users.admin_create_user(UserPoolId=pool, Username=name, MessageAction="SUPPRESS")
        users.admin_disable_user(UserPoolId=pool, Username="dora")
        users.admin_delete_user(UserPoolId=pool, Username="emil")

        for _ in range(2):
            kill(emulator)
            emulator.start()
            assert tables.get_item(TableName="notes", Key=key)["Item"]["times"] == {"N": "3"}
            assert {row["id"]["S"] for row in tables.scan(TableName="notes")["Items"]} == {
                "counted",
                "left",
                "right",
            }
            (user,) = users.list_users(UserPoolId=pool)["Users"]
            assert (user["Username"], user["Enabled"]) == ("dora", False)
        (waiting,) = queues.receive_message(QueueUrl=queue)["Messages"]
        assert {received["Body"], waiting["Body"]} == {"first", "second"}

        for _ in range(2):
            tables.put_item(TableName="notes", Item={"id": {"S": "left"}})
            assert emulator.ask("save") == {"saved": True}
        # The changes since the save before the last, and those since the last.
        assert len(list((tmp_path / "emulator" / "journal").iterdir())) == 2
        kill(emulator)
        emulator.start()
        assert tables.scan(TableName="notes")["Count"] == 3
    finally:
        emulator.stop()
