"""The local stage's sign-in page keeps the fields of the emulator's form."""

import re

import httpx
import pytest

from local.front_door.server import FrontDoor
from local.front_door.sign_in_page import is_sign_in_page, parse, render
from local.front_door.site_addresses import SiteAddresses

FORM = """<html><body><h1>Sign in</h1><div class="error">Incorrect &lt;user&gt;</div>
<form method="POST" action="/login"><input type="hidden" name="state" value="a&quot;b">
<label for="username">Username</label><input type="text" id="username" name="username" required autofocus>
<button type="submit">Sign in</button></form></body></html>"""


def test_the_sign_in_form_keeps_its_fields_in_our_page():
    """Hidden values, labels, flags, the error and the button; the people are named on the first step."""
    assert is_sign_in_page("text/html; charset=utf-8", FORM)
    page = render(parse(FORM))
    assert '<input type="hidden" name="state" value="a&#34;b">' in page
    assert '<label for="username">Username</label>' in page
    assert ' required="" autofocus=""' in page
    assert 'role="alert">Incorrect &lt;user&gt;</p>' in page
    assert 'aria-invalid="true"' in page
    assert '<button type="submit">Sign in</button>' in page
    assert "Parley-alice-1" in page
    assert "Parley-alice-1" not in render(parse(FORM.replace('name="username"', 'name="new_password"')))


def test_a_refused_sign_in_keeps_the_username():
    """Only the password is asked for again, and has the focus; both fields are described by the error."""
    form = FORM.replace("<button", '<input type="password" id="password" name="password" required><button')
    page = render(parse(form, {"username": 'al"ice', "password": "wrong"}))
    fields = re.findall(r"<input type=.(?:text|password)[^>]*>", page)
    assert [name for field in fields for name in re.findall(r' (?:name|value)="([^"]*)"', field)] == [
        "username",
        "al&#34;ice",
        "password",
    ]
    assert ["autofocus" in field for field in fields] == [False, True]
    assert ['aria-describedby="error"' in field for field in fields] == [True, True]
    assert '<p class="error" id="error"' in page
    assert "wrong" not in page


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("redirect_uri", "form_action"),
    [
        ("http://127.0.0.1:5173/", "'self' http://localhost:4280 http://127.0.0.1:5173"),
        ("http://[::1]:5173/", "'self' http://localhost:4280 http://[::1]:5173"),
        ("http://localhost:4280/", "'self' http://localhost:4280"),
        ("https://example.com/", "'self' http://localhost:4280"),
        ("http://a;b.localhost/", "'self' http://localhost:4280"),
        ("http://localhost:port/", "'self' http://localhost:4280"),
        ("javascript://localhost/", "'self' http://localhost:4280"),
        ("", "'self' http://localhost:4280"),
    ],
)
async def test_a_form_may_return_to_an_origin_of_this_machine(redirect_uri: str, form_action: str):
    """The UI's development server has another port. Nothing else of the address gets into the policy."""
    front_door = FrontDoor("http://127.0.0.1:1", SiteAddresses("http://localhost:4280", 1))
    transport = httpx.ASGITransport(front_door.application)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as http:
        page = await http.get("/signup", params={"client_id": "c", "redirect_uri": redirect_uri})
    directives = page.headers["content-security-policy"].split("; ")
    assert f"form-action {form_action}" in directives
