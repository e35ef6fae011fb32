"""The emulator's state survives its process."""

import json
import os
import re
import shutil
import signal

import pytest

from local.deployment import client
from local.errors import LocalStageError
from tests.emulator.conftest import create_notes, launch
from tests.emulator.test_functions import zipped
from tests.waiting import wait_until


@pytest.mark.thorough
def test_saved_state_survives_a_kill_and_a_stop(tmp_path_factory: pytest.TempPathFactory):
    """Tables, objects, functions and accepted resources are restored after SIGKILL and after SIGTERM."""
    emulator = launch(tmp_path_factory.mktemp("state"))
    tables = client("dynamodb", emulator.url)
    create_notes(tables)
    tables.put_item(TableName="notes", Item={"id": {"S": "first"}})
    storage = client("s3", emulator.url)
    storage.create_bucket(Bucket="kept")
    storage.put_object(Bucket="kept", Key="a", Body=b"content")
    client("lambda", emulator.url).create_function(
        FunctionName="kept",
        Runtime="python3.14",
        Role="arn:aws:iam::000000000000:role/tests",
        Handler="index.handler",
        Code={"ZipFile": zipped("def handler(event, context):\n    return 'still here'\n")},
    )
    group = {"Type": "AWS::XRay::Group", "Properties": {"GroupName": "kept"}}
    stacks = client("cloudformation", emulator.url)
    stacks.create_stack(StackName="kept", TemplateBody=json.dumps({"Resources": {"Group": group}}))
    assert emulator.ask("save") == {"saved": True}
    assert emulator.ask("save") == {"saved": False}
    try:
        assert emulator.pid is not None
        os.kill(emulator.pid, signal.SIGKILL)
        wait_until(emulator.has_ended, "the emulator had ended")
        emulator.start()
        assert tables.get_item(TableName="notes", Key={"id": {"S": "first"}})["Item"]
        assert storage.get_object(Bucket="kept", Key="a")["Body"].read() == b"content"
        answer = client("lambda", emulator.url).invoke(FunctionName="kept")["Payload"].read()
        assert json.loads(answer) == "still here"
        assert [item["type"] for item in emulator.ask("not-emulated")] == ["AWS::XRay::Group"]
        stacks.delete_stack(StackName="kept")
        tables.put_item(TableName="notes", Item={"id": {"S": "second"}})
        emulator.stop()
        emulator.start()
        assert tables.scan(TableName="notes")["Count"] == 2
    finally:
        emulator.stop()


@pytest.mark.thorough
def test_a_damaged_state_is_refused_and_the_save_before_it_loses_nothing(
    tmp_path_factory: pytest.TempPathFactory,
):
    """The start names the damaged file; with the files of the save before it, every item is there again."""
    state = tmp_path_factory.mktemp("damaged")
    emulator = launch(state)
    tables = client("dynamodb", emulator.url)
    create_notes(tables)
    try:
        for saved in ("first", "second", "third"):
            tables.put_item(TableName="notes", Item={"id": {"S": saved}})
            assert emulator.ask("save") == {"saved": True}
        tables.put_item(TableName="notes", Item={"id": {"S": "only in the journal"}})
        assert emulator.pid is not None
        os.kill(emulator.pid, signal.SIGKILL)
        wait_until(emulator.has_ended, "the emulator had ended")
        damaged = state / "services" / "dynamodb.json"
        damaged.write_bytes(damaged.read_bytes()[:-20])
        with pytest.raises(LocalStageError, match=str(damaged)):
            emulator.start()
        assert damaged.read_bytes()
        shutil.copytree(state / "services.previous", state / "services", dirs_exist_ok=True)
        emulator.start()
        assert tables.scan(TableName="notes")["Count"] == 4
    finally:
        emulator.stop()


@pytest.mark.thorough
def test_a_stop_without_a_save_is_a_failure_with_its_reason(tmp_path_factory: pytest.TempPathFactory):
    """The exit code says so, because nothing else of a stop does; what was saved before is still there."""
    state = tmp_path_factory.mktemp("unsaved")
    emulator = launch(state)
    try:
        tables = client("dynamodb", emulator.url)
        create_notes(tables)
        assert emulator.ask("save") == {"saved": True}
        tables.put_item(TableName="notes", Item={"id": {"S": "only in the journal"}})
        (state / "services").rename(state / "moved")
        (state / "services").write_text("not a directory")
        assert not emulator.stop()
        assert re.search(r"The state could not be saved: .*services", emulator.save_failure or "")
        (state / "services").unlink()
        (state / "moved").rename(state / "services")
        emulator.start()
        assert tables.scan(TableName="notes")["Count"] == 1
    finally:
        assert emulator.stop()
    assert emulator.save_failure is None


@pytest.mark.thorough
def test_restored_executions_are_pruned_as_new_ones_are(tmp_path_factory: pytest.TempPathFactory):
    """The newest stay, whether they ended before the restart or after it."""
    emulator = launch(tmp_path_factory.mktemp("executions"), KEPT_EXECUTIONS="3")
    workflows = client("stepfunctions", emulator.url)
    definition = {"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}
    machine = workflows.create_state_machine(
        name="short", definition=json.dumps(definition), roleArn="arn:aws:iam::000000000000:role/tests"
    )["stateMachineArn"]

    def run(name: str) -> None:
        arn = workflows.start_execution(stateMachineArn=machine, name=name)["executionArn"]
        wait_until(
            lambda: workflows.describe_execution(executionArn=arn)["status"] == "SUCCEEDED", f"{name} had ended"
        )

    def kept() -> set[str]:
        listed = workflows.list_executions(stateMachineArn=machine)["executions"]
        return {execution["name"] for execution in listed}

    try:
        for name in ("first", "second", "third"):
            run(name)
        assert emulator.stop()
        emulator.start()
        run("fourth")
        wait_until(lambda: kept() == {"second", "third", "fourth"}, "the oldest execution was deleted")
    finally:
        emulator.stop()
