"""Hostile messages and names are displayed as text: no script runs, and the browser reports no violation."""

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


COUNT_ALERTS = "window.alerts = 0; window.alert = () => { window.alerts += 1; };"


def _expect_no_injection(user: BrowserUser) -> None:
    """No script ran, no text became an element, and links use http or https."""
    page = user.page
    assert page.evaluate("alerts") == 0
    # Check that alerts are counted.
    assert page.evaluate("() => { alert(); const counted = alerts; alerts = 0; return counted; }") == 1
    assert page.locator("img[src], iframe, object, embed, [onerror], [onload], [onmouseover]").count() == 0
    protocols = page.locator("a[href]").evaluate_all("all => all.map(a => a.protocol)")
    assert protocols
    assert set(protocols) <= {"http:", "https:"}


@pytest.fixture
def dora(new_user: NewUser) -> BrowserUser:
    """A user whose pages count the calls of `alert`."""
    user = new_user("dora")
    user.context.add_init_script(COUNT_ALERTS)
    return user


def test_hostile_messages_are_displayed_as_text(dora: BrowserUser):
    """No script runs, links use http or https, and the server stores the texts unchanged."""
    channel = dora.new_channel("hostile")
    # The window is tall enough for all messages, because the list draws only those near the view.
    dora.page.set_viewport_size({"width": 1280, "height": 2400})
    dora.open_channel(channel)
    for text in MESSAGES:
        dora.send_message(text)
    expect(dora.log.get_by_role("article")).to_have_count(len(MESSAGES))
    expect(dora.message("gnp.exe").get_by_role("img", name="Delivered")).to_be_visible()
    displayed = "\n".join(dora.texts())
    for part in (MARKUP, "<script>alert(1)</script>", "[click](javascript:alert(1))", "<svg/onload=alert(1)>"):
        assert part in displayed
    _expect_no_injection(dora)
    # The same when they come from the history.
    dora.page.reload()
    expect(dora.log.get_by_role("article")).to_have_count(len(MESSAGES))
    _expect_no_injection(dora)
    assert [item["text"] for item in dora.history(channel)] == MESSAGES


@pytest.mark.thorough
def test_hostile_names_are_displayed_as_text(dora: BrowserUser):
    """Names with a script or markup are text in the title, heading, messages, members, search and switcher."""
    name = f"<script>alert('{dora.person.username}')</script>"
    channel = dora.new_channel(name)
    dora.request("PUT", "/me", {"displayName": MARKUP})
    dora.open_channel(channel)
    dora.send_message("hello from markup")
    expect(dora.page).to_have_title(f"{name} · Parley")
    expect(dora.page.get_by_role("heading", name=name, level=1)).to_be_visible()
    expect(dora.message("hello from markup")).to_contain_text(MARKUP)
    dora.page.get_by_role("button", name="Members, 1").click()
    expect(dora.page.get_by_role("list", name=f"Members of {name}")).to_contain_text(MARKUP)
    dora.page.get_by_role("button", name="Search in this channel").click()
    dora.page.get_by_role("searchbox", name=f"Search in {name}").fill("markup")
    dora.page.keyboard.press("Enter")
    expect(dora.page.get_by_role("complementary", name="Search").get_by_role("link")).to_contain_text(MARKUP)
    dora.page.keyboard.press("Control+k")
    dora.page.get_by_role("combobox").fill("<script>alert")
    expect(dora.page.get_by_role("option", name=name)).to_be_visible()
    dora.page.keyboard.press("Escape")
    _expect_no_injection(dora)


@pytest.mark.thorough
def test_direction_marks_in_names_do_not_reorder_text(new_user: NewUser):
    """The server removes direction marks from names, and a right-to-left name does not reverse its line."""
    dora = new_user("dora")
    display_name = dora.request("PUT", "/me", {"displayName": "Dora\u202e\u2067 nimda"})["displayName"]
    assert display_name == "Dora nimda"
    channel = dora.new_channel("\u202egnp.exe\u202c plans")
    assert dora.request("GET", f"/channels/{channel}")["name"] == "gnp.exe plans"
    dora.request("PUT", "/me", {"displayName": "שלום (admin)"})
    dora.open_channel(channel)
    dora.send_message("who am I?")
    message = dora.message("who am I?")
    expect(message.get_by_role("img", name="Delivered")).to_be_visible()
    name, time = message.locator(".MessageRow_name").bounding_box(), message.locator("time").first.bounding_box()
    assert name
    assert time
    assert name["x"] < time["x"], "the name must be before the time, whatever its direction"
    expect(message.locator(".MessageRow_name")).to_have_js_property("tagName", "BDI")


def test_the_policy_allows_no_inline_script(stage: TestStage, new_user: NewUser):
    """The site's policy has no `unsafe-inline` or `unsafe-eval` for scripts, and the browser enforces it."""
    dora = new_user("dora")
    response = dora.page.goto(stage.url)
    assert response
    policy = response.headers["content-security-policy"]
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";") if part.strip())
    assert "'self'" in directives["script-src"]
    assert not re.search("unsafe|data:|blob:|http:|\\*", directives["script-src"])
    assert directives.get("object-src", directives["default-src"]) == "'none'"
    assert directives["frame-ancestors"] == "'none'"
    expect(dora.composer).to_be_visible()
    dora.allow_errors(re.compile("content security policy|Content Security Policy"))
    has_run = dora.page.evaluate(
        """() => {
            window.ran = false;
            const script = document.createElement("script");
            script.textContent = "window.ran = true";
            document.body.append(script);
            return window.ran;
        }"""
    )
    assert has_run is False
    violation = re.compile("content security policy: script-src")
    dora.wait_until(lambda: any(map(violation.search, dora.console)), "the browser reports the violation")


@pytest.mark.thorough
def test_markup_in_a_name_of_the_user_pool_is_displayed_as_text(stage: TestStage, dora: BrowserUser):
    """Names that come from the user pool, and not from the API, are displayed as text too."""
    person = Person(f"mallory-{uuid4().hex[:8]}", "Parley-mallory-1")
    stage.stage.user_pool.add(person.username, display_name=f"{MARKUP}\u202e", password=person.password)
    dora.api.get("/me", headers={"Authorization": stage.id_token(person)}).raise_for_status()
    dora.open_channel("general")
    dora.composer.press_sequentially(f"@{person.username[:12]}")
    expect(dora.page.get_by_role("option")).to_contain_text(MARKUP)
    _expect_no_injection(dora)
