"""Show the emulator's sign-in forms in a page of our own: the same fields, to the same address.

AWS serves Cognito's managed login here; MiniStack serves bare forms. Theirs are read (fields, buttons, the
error) and set into `templates/sign_in.html`, so every step that MiniStack knows (a new password too) keeps
working.
"""

import html
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from string import Template
from urllib.parse import urlencode

from local.demo_users import DEMO_USERS

TEMPLATE = Path(__file__).parent / "templates" / "sign_in.html"


@dataclass
class Form:
    """A sign-in form's parts, in order."""

    heading: str = ""
    action: str = "/login"
    error: str = ""
    hidden: list[dict[str, str]] = field(default_factory=list)
    inputs: list[dict[str, str]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[dict[str, str], str]] = field(default_factory=list)
    # A link below the form to the other page: its words and its address.
    other: tuple[str, str] | None = None


class FormReader(HTMLParser):
    """Reads the one form of a MiniStack sign-in page."""

    def __init__(self) -> None:
        super().__init__()
        self.form = Form()
        self._inside: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "input":
            target = self.form.hidden if attributes.get("type") == "hidden" else self.form.inputs
            target.append(attributes)
            return
        if tag in ("h1", "label", "button") or attributes.get("class") == "error":
            self._inside.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        if self._inside and self._inside[-1][0] == tag:
            self._inside.pop()

    def handle_data(self, data: str) -> None:
        if not self._inside:
            return
        tag, attributes = self._inside[-1]
        text = data.strip()
        if tag == "h1":
            self.form.heading += text
        elif tag == "label":
            self.form.labels[attributes.get("for", "")] = text
        elif tag == "button":
            self.form.buttons.append((attributes, text))
        else:
            self.form.error += text


def is_sign_in_page(content_type: str, body: str) -> bool:
    """Whether a response of the emulator is one of its forms."""
    return content_type.startswith("text/html") and 'action="/login"' in body


def read(upstream: str) -> Form:
    """The emulator's form; its first step also leads to where an account is made."""
    reader = FormReader()
    reader.feed(upstream)
    form = reader.form
    if has_field(form, "username"):
        request = {one["name"]: one.get("value", "") for one in form.hidden if one.get("name")}
        form.other = ("Create an account", f"/signup?{urlencode(request)}")
    return form


def render(form: Form) -> str:
    """A form in our page; the demo users are named where a user signs in."""
    signs_in = form.action == "/login" and has_field(form, "username")
    return Template(TEMPLATE.read_text()).substitute(
        heading=html.escape(form.heading or "Sign in"),
        action=html.escape(form.action),
        error=f'<p class="error" role="alert">{html.escape(form.error)}</p>' if form.error else "",
        hidden="\n".join(f"<input{_attributes(one)}>" for one in form.hidden),
        fields="\n".join(_field(one, form.labels, has_error=bool(form.error)) for one in form.inputs),
        buttons="\n".join(
            f"<button{_attributes(attributes)}>{html.escape(text)}</button>" for attributes, text in form.buttons
        ),
        other=_link(*form.other) if form.other else "",
        hint=_hint() if signs_in else "",
    )


def has_field(form: Form, name: str) -> bool:
    """Whether a user fills in a field of this name."""
    return any(one.get("name") == name for one in form.inputs)


def _field(attributes: dict[str, str], labels: dict[str, str], *, has_error: bool) -> str:
    name = attributes.get("id", attributes.get("name", ""))
    label = labels.get(name, name.replace("_", " ").capitalize())
    more = {"spellcheck": "false", "autocapitalize": "none"} | ({"aria-invalid": "true"} if has_error else {})
    return (
        f'<label for="{html.escape(name)}">{html.escape(label)}</label>\n'
        f"<input{_attributes(attributes | more, flags=('required', 'autofocus'))}>"
    )


def _attributes(attributes: dict[str, str], flags: Iterable[str] = ()) -> str:
    parts = []
    for name, value in attributes.items():
        parts.append(f" {name}" if name in flags else f' {name}="{html.escape(value)}"')
    return "".join(parts)


def _link(words: str, address: str) -> str:
    return f'<p class="other"><a href="{html.escape(address)}">{html.escape(words)}</a></p>'


def _hint() -> str:
    people = "".join(
        f"<dt><code>{html.escape(user.username)}</code></dt><dd><code>{html.escape(user.password)}</code></dd>"
        for user in DEMO_USERS
    )
    return (
        '<section aria-label="People of this stage"><h2>People of this local stage, and their passwords</h2>'
        f"<dl>{people}</dl></section>"
    )
