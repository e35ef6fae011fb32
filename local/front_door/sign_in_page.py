"""Render the emulator's sign-in forms, and the sign-up form, in Parley's own page.

AWS serves Cognito's managed login here; MiniStack serves pages without a design. The form of a MiniStack page is
parsed (fields, buttons, error message) and rendered with `templates/sign_in.html`: the same fields, posted to the
same address, so every step that MiniStack has (a new password too) keeps working.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from local.demo_users import DEMO_USERS
from local.emulator import loopback

TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    undefined=StrictUndefined,
)


@dataclass
class Form:
    """A form's parts, in page order. Inputs are dicts of HTML attributes."""

    heading: str = ""
    action: str = "/login"
    error: str = ""
    hidden: list[dict[str, str]] = field(default_factory=list)
    inputs: list[dict[str, str]] = field(default_factory=list)
    labels: dict[str, str] = field(default_factory=dict)
    """Label text by the id of its input."""
    buttons: list[tuple[dict[str, str], str]] = field(default_factory=list)
    """HTML attributes and text."""
    sign_up_url: str = ""
    """Only on the page that asks for a username; the page then also lists the demo users."""

    @property
    def redirect_uri(self) -> str:
        """The address that the sign-in returns to, from a hidden field; empty if there is none."""
        values = (hidden.get("value", "") for hidden in self.hidden if hidden.get("name") == "redirect_uri")
        return next(values, "")


class FormParser(HTMLParser):
    """Parses the one form of a MiniStack sign-in page."""

    def __init__(self) -> None:
        super().__init__()
        self.form = Form()
        self._open_elements: list[tuple[str, dict[str, str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "input":
            inputs = self.form.hidden if attributes.get("type") == "hidden" else self.form.inputs
            inputs.append(attributes)
        elif tag in ("h1", "label", "button") or attributes.get("class") == "error":
            self._open_elements.append((tag, attributes))

    def handle_endtag(self, tag: str) -> None:
        if self._open_elements and self._open_elements[-1][0] == tag:
            self._open_elements.pop()

    def handle_data(self, data: str) -> None:
        if not self._open_elements:
            return
        tag, attributes = self._open_elements[-1]
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
    """Whether a response of the emulator is one of its sign-in pages."""
    return content_type.startswith("text/html") and 'action="/login"' in body


def parse(page: str, values: Mapping[str, str] | None = None) -> Form:
    """The form of a MiniStack page; the one that asks for a username gets a link to the sign-up page.

    `values` are those of the form that was refused with this page: the username is kept.
    """
    parser = FormParser()
    parser.feed(page)
    form = parser.form
    inputs = {attributes.get("name"): attributes for attributes in form.inputs}
    if "username" in inputs:
        parameters = {hidden["name"]: hidden.get("value", "") for hidden in form.hidden if hidden.get("name")}
        form.sign_up_url = f"/signup?{urlencode(parameters)}"
    username = (values or {}).get("username")
    if username and "username" in inputs and "password" in inputs:
        inputs["username"]["value"] = username
        inputs["username"].pop("autofocus", None)
        inputs["password"]["autofocus"] = ""
    return form


def local_origin(address: str) -> str | None:
    """The origin of an address on this machine, as a source in a content security policy; None for any other."""
    try:
        parts = urlsplit(address)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    # The names are compared as a whole: nothing else of the address gets into the policy.
    if parts.scheme not in ("http", "https") or parts.hostname not in loopback.NAMES:
        return None
    host = "[::1]" if parts.hostname == "::1" else parts.hostname
    return f"{parts.scheme}://{host}{port}"


def render(form: Form) -> str:
    """The HTML page of a form."""
    return TEMPLATES.get_template("sign_in.html").render(form=form, demo_users=DEMO_USERS)
