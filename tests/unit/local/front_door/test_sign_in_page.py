"""The local stage's sign-in page keeps the fields of the emulator's form."""

from local.front_door.sign_in_page import is_sign_in_page, parse, render

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
