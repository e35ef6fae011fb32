"""Find the URLs in a text, by the rules of `ui/src/core/text/links.ts`: a mention within a URL is none."""

import re
from collections.abc import Iterator
from unicodedata import category

START = re.compile(r"(?<![a-z\d_])(?:https?://|www\.)", re.ASCII | re.IGNORECASE)
ADDRESS = re.compile(
    r"\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|\[[\da-f:.]+\]|localhost(?![\w.\-])", re.ASCII | re.IGNORECASE
)
TOP_LEVEL = re.compile(r"[a-z][a-z\d\-]*", re.ASCII | re.IGNORECASE)
PORT = re.compile(r":\d+", re.ASCII)
WEB_ADDRESS = re.compile(
    r"(?:https?:[/\\]*|www\.)(?:[^\s/\\?#]*@)?(?:\[[\da-f:.]+\]|[^\s/\\?#@:<>\[\]^|]+)(?::\d{0,5})?(?=[/\\?#]|$)",
    re.I,
)
NOT_IN_PATHS = frozenset('<>"`\\')
BETWEEN_LETTERS = frozenset("’·–‐")
TRAILING = "?!.,:;'*_~"
BRACKETS = {")": "(", "]": "[", "}": "{"}


def is_web_address(url: str) -> bool:
    """Whether a URL is shown as a link: http or https, or `www.` for http."""
    return WEB_ADDRESS.match(url) is not None


def url_spans(text: str) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each URL, without the punctuation of the sentence around it."""
    at = 0
    while match := START.search(text, at):
        host = _host_end(text, match)
        if host is None:
            at = match.start() + 1
            continue
        port = PORT.match(text, host)
        path = port.end() if port else host
        at = path + _path_length(text, path)
        yield match.start(), at


def _host_end(text: str, scheme: re.Match[str]) -> int | None:
    if not scheme[0].lower().startswith("www") and (address := ADDRESS.match(text, scheme.end())):
        return address.end()
    end = scheme.end()
    while end < len(text) and (_is_in_label(text[end]) or (text[end] == "." and text[end - 1] not in "./")):
        end += 1
    # The last dot that a top-level domain follows: ASCII letters, or letters of other scripts.
    dot = text.rfind(".", scheme.end(), end)
    while dot > scheme.end():
        if top_level := TOP_LEVEL.match(text, dot + 1, end):
            return top_level.end()
        last = dot + 1
        while last < end and not text[last].isascii() and category(text[last])[0] in "LM":
            last += 1
        if last > dot + 1:
            return last
        dot = text.rfind(".", scheme.end(), dot)
    return None


def _is_in_label(character: str) -> bool:
    return character in "_-" or category(character)[0] in "LMN"


def _path_length(text: str, start: int) -> int:
    if start >= len(text) or text[start] not in "/?#":
        return 0
    end = start + 1
    while end < len(text) and _is_in_path(text, end):
        end += 1
    opened: list[str] = []
    for position in range(start, end):
        character = text[position]
        if character in "([{":
            opened.append(character)
        elif character in BRACKETS and (not opened or opened.pop() != BRACKETS[character]):
            end = position
            break
    return len(text[start:end].rstrip(TRAILING))


def _is_in_path(text: str, at: int) -> bool:
    character = text[at]
    if character.isascii():
        return "!" <= character <= "~" and character not in NOT_IN_PATHS
    if character in BETWEEN_LETTERS:
        return at + 1 < len(text) and category(text[at + 1])[0] in "LN"
    return category(character)[0] in "LMNS"
