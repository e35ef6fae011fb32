"""The server of a local stage is killed and restarted while users write. A deployed stage cannot be killed."""

import re

import pytest

from tests.browser.browser_user import NETWORK_ERRORS, NewUser
from tests.browser.expectations import expect
from tests.emulator_control import LocalStage
from tests.local_stage import TestStage


@pytest.mark.thorough
def test_two_users_continue_after_the_server_was_killed(stage: TestStage, new_user: NewUser):
    """Messages wait in the outbox, and after the restart both users see all messages once, in the same order."""
    if stage.state_dir is None:
        pytest.skip("Only a local stage can be killed.")
    local = LocalStage.load(stage.state_dir)
    dora, emil = new_user("dora"), new_user("emil")
    for user in (dora, emil):
        user.allow_errors(NETWORK_ERRORS)
        user.allow_errors(re.compile("status of 50"))
    channel = dora.new_channel("crash", emil.user_id)
    dora.open_channel(channel)
    emil.open_channel(channel)
    dora.send_message("before the crash")
    expect(emil.message("before the crash")).to_be_visible()
    local.kill_emulator()
    try:
        dora.send_message("written during it")
        dora.send_message("and this")
        emil.send_message("me too")
        expect(dora.page.get_by_text(re.compile("Reconnecting … 2 messages will"))).to_be_visible()
        expect(dora.message("and this").get_by_role("img", name="Sending")).to_be_visible()
    finally:
        local.restart_emulator()
    for user in (dora, emil):
        for text in ("before the crash", "written during it", "and this", "me too"):
            expect(user.message(text)).to_have_count(1)
    expect(dora.message("and this").get_by_role("img", name="Sending")).to_have_count(0)
    expect(dora.page.get_by_text(re.compile("Reconnecting"))).to_have_count(0)
    dora.send_message("after it")
    expect(emil.message("after it")).to_be_visible()
    texts = [item["text"] for item in dora.history(channel)]
    assert texts[0] == "before the crash"
    assert texts[-1] == "after it"
    assert sorted(texts[1:-1]) == ["and this", "me too", "written during it"]
    assert texts.index("written during it") < texts.index("and this")
    assert dora.texts() == emil.texts() == texts
