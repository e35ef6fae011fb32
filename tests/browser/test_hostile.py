"""What people send to harm others: shown as the text that it is, and the browser has nothing to report."""

import re
from uuid import uuid4

import pytest

from tests.browser.browser_user import BrowserUser, NewUser
from tests.browser.expectations import expect
from tests.local_stage import Person, TestStage

MARKUP = "<img src=x onerror=alert(1)>"
MESSAGES = [
    MARKUP,
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)><iframe src='javascript:alert(1)'></iframe>",
    "[click](javascript:alert(1))",
    "[click](JaVaScRiPt:alert(1)) and [click](java\tscript:alert(1))",
    "[click](data:text/html,<script>alert(1)</script>)",
    "[click](vbscript:alert(1)) <javascript:alert(1)> ![x](x\"onerror=\"alert(1))",
    "javascript:alert(1) data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "[a](https://example.com\"onmouseover=\"alert(1))",
    "```html\n<img src=x onerror=alert(1)>\n```",
    "&lt;img src=x onerror=alert(1)&gt; &#106;avascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}} ${alert(1)}",
    "> " * 500 + "deep",
    "[" * 2_000 + "open",
    "*" * 3_000,
    "a\u202egnp.exe\u202c and \u2066isolated\u2069",
]  # fmt: skip


COUNT_ALERTS = "window.harmed = 0; window.alert = () => { window.harmed += 1; };"


def _harmless(user: BrowserUser) -> None:
    """Nothing ran, nothing was fetched from elsewhere, no element came of a text."""
    page = user.page
    assert page.evaluate("harmed") == 0
    # An alert would have been counted.
    assert page.evaluate("() => { alert(); const counted = harmed; harmed = 0; return counted; }") == 1
    assert page.locator("img[src], iframe, object, embed, [onerror], [onload], [onmouseover]").count() == 0
    addresses = page.locator("a[href]").evaluate_all("all => all.map(a => a.protocol)")
    assert addresses
    assert set(addresses) <= {"http:", "https:"}


@pytest.fixture
def watched(new_user: NewUser) -> BrowserUser:
    """A visitor whose page counts every alert."""
    dora = new_user("dora")
    dora.context.add_init_script(COUNT_ALERTS)
    return dora


def test_hostile_messages_are_text(watched: BrowserUser, new_user: NewUser):
    """Each is shown as it was typed; no script runs, no link leads anywhere but the web."""
    channel = watched.new_channel("hostile")
    # Tall enough for all of them: the list draws what is near to what is in view.
    watched.page.set_viewport_size({"width": 1280, "height": 2400})
    watched.open_channel(channel)
    for text in MESSAGES:
        watched.send_message(text)
    expect(watched.log.get_by_role("article")).to_have_count(len(MESSAGES))
    expect(watched.message("gnp.exe").get_by_role("img", name="Delivered")).to_be_visible()
    shown = "\n".join(watched.texts())
    for part in (MARKUP, "<script>alert(1)</script>", "[click](javascript:alert(1))", "<svg/onload=alert(1)>"):
        assert part in shown
    _harmless(watched)
    # Fetched anew, they are no more dangerous; nor is a look at what can be looked at.
    watched.page.reload()
    expect(watched.log.get_by_role("article")).to_have_count(len(MESSAGES))
    _harmless(watched)
    assert [item["text"] for item in watched.history(channel)] == MESSAGES


def test_hostile_names_are_text_everywhere(watched: BrowserUser, stage: TestStage):
    """A channel called by a script, a person called by markup: in the sidebar, title, switcher, members, search,
    mention completion, notices."""
    name = f"<script>alert('{watched.person.username}')</script>"
    channel = watched.new_channel(name)
    watched.request("PUT", "/me", {"displayName": MARKUP})
    watched.open_channel(channel)
    watched.send_message("hello from markup")
    expect(watched.page).to_have_title(f"{name} · Parley")
    expect(watched.page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(watched.message("hello from markup")).to_contain_text(MARKUP)
    watched.page.get_by_role("button", name="Members, 1").click()
    expect(watched.page.get_by_role("list", name=f"Members of {name}")).to_contain_text(MARKUP)
    watched.page.get_by_role("button", name="Search in this channel").click()
    watched.page.get_by_role("searchbox", name=f"Search in {name}").fill("markup")
    watched.page.keyboard.press("Enter")
    expect(watched.page.get_by_role("complementary", name="Search").get_by_role("link")).to_contain_text(MARKUP)
    watched.page.keyboard.press("Control+k")
    watched.page.get_by_role("combobox").fill("<script>alert")
    expect(watched.page.get_by_role("option", name=name)).to_be_visible()
    watched.page.keyboard.press("Escape")
    _harmless(watched)


def test_bidi_tricks_in_names_reorder_nothing(new_user: NewUser, stage: TestStage):
    """Direction marks are taken out of names by the server, and a right-to-left name does not turn its line."""
    dora = new_user("dora")
    tricked = dora.request("PUT", "/me", {"displayName": "Dora\u202e\u2067 nimda"})["displayName"]
    assert tricked == "Dora nimda"
    channel = dora.new_channel("\u202egnp.exe\u202c plans")
    assert dora.request("GET", f"/channels/{channel}")["name"] == "gnp.exe plans"
    dora.request("PUT", "/me", {"displayName": "שלום (admin)"})
    dora.open_channel(channel)
    dora.send_message("who am I?")
    message = dora.message("who am I?")
    expect(message.get_by_role("img", name="Delivered")).to_be_visible()
    name, time = message.locator(".message-name").bounding_box(), message.locator("time").first.bounding_box()
    assert name
    assert time
    assert name["x"] < time["x"], "the name stands before the time, whatever its own direction"
    expect(message.locator(".message-name")).to_have_js_property("tagName", "BDI")


def test_the_policy_allows_no_inline_script(stage: TestStage, new_user: NewUser):
    """The site's policy has no `unsafe-inline` or `unsafe-eval` for scripts, and the browser enforces it."""
    dora = new_user("dora")
    answer = dora.page.goto(stage.url)
    assert answer
    policy = answer.headers["content-security-policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";") if part.strip())
    assert "'self'" in directives["script-src"]
    assert not re.search("unsafe|data:|blob:|http:|\\*", directives["script-src"])
    assert directives.get("object-src", directives["default-src"]) == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    expect(dora.composer).to_be_visible()
    dora.allow_errors(re.compile("content security policy|Content Security Policy"))
    ran = dora.page.evaluate(
        """() => {
            window.ran = false;
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            return window.ran;
        }"""
    )
    assert ran is False
    reported = re.compile("content security policy: script-src")
    dora.wait_until(lambda: any(map(reported.search, dora.console)), "the browser reports the refusal")


def test_a_person_with_markup_for_a_name_can_sign_up_and_is_shown_as_text(stage: TestStage, watched: BrowserUser):
    """Names that come from the user pool, not from the API, are text too."""
    person = Person(f"mallory-{uuid4().hex[:8]}", "Parley-mallory-1")
    stage.stage.user_pool.add(person.username, display_name=f"{MARKUP}\u202e", password=person.password)
    dora = watched
    dora.api.get("/me", headers={"Authorization": stage.id_token(person)}).raise_for_status()
    dora.open_channel("general")
    dora.composer.press_sequentially(f"@{person.username[:12]}")
    expect(dora.page.get_by_role("option")).to_contain_text(MARKUP)
    _harmless(dora)
