"""Three users do in random order what users do, and no word that they typed is lost."""

import os

import pytest

from tests import evidence
from tests.browser.browser_user import FORBIDDEN_OR_NOT_FOUND, NETWORK_ERRORS, NewUser
from tests.browser.random_use import RandomUse

SEED = int(os.environ.get("PARLEY_RANDOM_USE_SEED", "1"))
STEPS = 120
LONG_STEPS = 4_000
CHOSEN_STEPS = os.environ.get("PARLEY_RANDOM_USE_STEPS")


@pytest.mark.thorough
def test_no_word_is_lost_in_random_use(request: pytest.FixtureRequest, new_user: NewUser):
    """At the end every word is on every screen, or its author's screen marks it as not sent.

    Users write, edit, react, search, switch channels, reload, open tabs, sleep and lose their connection: without
    a network, with sockets that lose every frame, or with closed ones. With `--long` for half an hour.
    PARLEY_RANDOM_USE_SEED chooses another run, PARLEY_RANDOM_USE_STEPS another length.
    """
    users = [new_user(name) for name in ("dora", "emil", "fred")]
    others = [user.user_id for user in users[1:]]
    channels = {name: users[0].new_channel(name, *others) for name in ("tea", "milk")}
    for user in users:
        user.allow_errors(NETWORK_ERRORS)
        user.allow_errors(FORBIDDEN_OR_NOT_FOUND)
    use = RandomUse(users, channels, SEED)
    for user in users:
        user.open_channel(channels["tea"])
    evidence.register(request.node, lambda folder: (folder / "steps.txt").write_text("\n".join(use.record)))
    steps = LONG_STEPS if request.config.getoption("--long") else STEPS
    for _ in range(int(CHOSEN_STEPS or steps)):
        use.step()
    for participant in use.participants:
        use.come_back(participant)
    assert use.lost_commands()["sendMessage"] > 0, "no message was lost on its way: the run proves nothing"
    places = [(participant, name) for participant in use.participants for name in channels]
    not_sent = set().union(*(use.words_not_sent(participant, name) for participant, name in places))
    for participant, name in places:
        use.wait_until_words_are_shown(participant, name, not_sent)
    typed = sum(len(participant.typed) for participant in use.participants)
    print(
        f"{len(use.record)} steps, {typed} messages, {len(not_sent)} not sent, lost: {dict(use.lost_commands())}"
    )
