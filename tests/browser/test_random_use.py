"""Three users do in random order what users do, and no word that they typed is lost."""

import os

import pytest

from tests import evidence
from tests.browser.browser_user import FORBIDDEN_OR_NOT_FOUND, NETWORK_ERRORS, NewUser
from tests.browser.random_use import RandomUse

SEED = int(os.environ.get("PARLEY_RANDOM_USE_SEED", "1"))
STEPS = 120
LONG_STEPS = 2_400
CHOSEN_STEPS = os.environ.get("PARLEY_RANDOM_USE_STEPS")


@pytest.mark.thorough
def test_no_word_is_lost_in_random_use(request: pytest.FixtureRequest, new_user: NewUser):
    """At the end every word is on every screen, or its author's screen marks it as not sent.

    Users write, edit, react, search, switch channels, reload, open tabs, lose their network and sleep; with
    `--long` for half an hour. PARLEY_RANDOM_USE_SEED chooses another run, PARLEY_RANDOM_USE_STEPS another length.
    """
    users = [new_user(name) for name in ("dora", "emil", "fred")]
    others = [user.user_id for user in users[1:]]
    channels = {name: users[0].new_channel(name, *others) for name in ("tea", "milk")}
    for user in users:
        user.allow_errors(NETWORK_ERRORS)
        user.allow_errors(FORBIDDEN_OR_NOT_FOUND)
        user.open_channel(channels["tea"])
    use = RandomUse(users, channels, SEED)
    evidence.register(request.node, lambda folder: (folder / "steps.txt").write_text("\n".join(use.record)))
    steps = LONG_STEPS if request.config.getoption("--long") else STEPS
    for _ in range(int(CHOSEN_STEPS or steps)):
        use.step()
    for participant in use.participants:
        use.come_back(participant)
    for participant in use.participants:
        for name in channels:
            use.wait_until_all_words_are_shown(participant, name)
    typed = sum(len(participant.typed) for participant in use.participants)
    print(f"{len(use.record)} steps, {typed} messages")
