"""Find the users whom a message mentions: those whose `@username` the browser emphasises.

Code, quotes and links mention no user. The rules are those of `ui/src/core/text/markdown.ts`; `tests/text_rules/
mentions.json` checks both. The parser is CommonMark's, without what messages do not have.
"""

import re
from collections.abc import Callable
from functools import cache
from string import punctuation
from typing import TYPE_CHECKING
from unicodedata import category

from functions.chat.urls import is_web_address, url_spans
from functions.contract.model import MAX_ID_CHARACTERS, MAX_MENTIONS
from functions.contract.text import has_visible

if TYPE_CHECKING:
    from markdown_it import MarkdownIt
    from markdown_it.rules_block import StateBlock
    from markdown_it.rules_inline import StateInline
    from markdown_it.rules_inline.state_inline import Delimiter
    from markdown_it.token import Token

# A mention starts at the start of a word, so e-mail addresses are none. `\w` is a letter, a number or `_`.
MENTION = re.compile(r"(?<![\w@.])@(\w(?:[\w.+-]*\w)?)")
MAX_NESTING = 8
CONTAINERS = re.compile(r"(?:[ \t]*(?:>|[-+*]|[0-9]{1,9}[.)])(?=[ \t>]|$)[ \t]?)+")
MARKER = re.compile(r">|[-+*]|[0-9]+[.)]")
# What follows is content of the item, and not indented code as in CommonMark.
WIDE_ITEM = re.compile(r"^((?:[ \t>]|(?:[-+*]|[0-9]{1,9}[.)])[ \t])*(?:[-+*]|[0-9]{1,9}[.)])) {5,}", re.MULTILINE)
BOUNDARY = "\n"
"""Separates texts of which one must not continue the other."""
MASK = "\x00"
PUNCTUATION = frozenset(punctuation)


def mentioned_usernames(text: str) -> tuple[str, ...]:
    """Return the usernames that a message mentions, in lower case and sorted: at most MAX_MENTIONS."""
    if "@" not in text:
        return ()
    names = {match[1].lower() for prose in _prose(text) for match in MENTION.finditer(prose)}
    return tuple(sorted(name for name in names if len(name) <= MAX_ID_CHARACTERS)[:MAX_MENTIONS])


def _prose(text: str) -> list[str]:
    """Return the texts of a message that are neither code nor in a quote or link."""
    lines = text.split("\n")
    if any(_is_too_deep(line) for line in lines):
        return [text]
    prose: list[str] = []
    quotes = 0
    for token in _parser().parse(WIDE_ITEM.sub(r"\1    ", text)):
        if token.type == "blockquote_open":
            quotes += 1
        elif token.type == "blockquote_close":
            quotes -= 1
        elif quotes > 0:
            continue
        elif token.type == "fence" and token.map and _has_no_second_line(token.map, lines):
            prose.append(token.info)
        elif token.type == "inline":
            prose.append("".join(map(_content, token.children or ())))
    return prose


def _content(token: "Token") -> str:
    return token.content if token.type in {"text", "text_special"} else BOUNDARY


def _has_no_second_line(fence: list[int], lines: list[str]) -> bool:
    """Whether a fence ends with its first line: then it is no code, unless only blank lines follow."""
    first, end = fence
    rest = lines[end:]
    return end - first == 1 and (not rest or any(line.strip() for line in rest))


def _is_too_deep(line: str) -> bool:
    markers = CONTAINERS.match(line)
    return markers is not None and len(MARKER.findall(markers[0])) > MAX_NESTING


@cache
def _parser() -> "MarkdownIt":
    # Not at the top: most messages mention no user, and a cold start need not wait for the parser.
    from markdown_it import MarkdownIt
    from markdown_it.rules_block.fence import make_fence_rule

    parser = MarkdownIt("commonmark", {"maxNesting": 100})
    parser.disable(["code", "heading", "hr", "html_block", "lheading", "reference"])
    parser.disable(["entity", "html_inline", "image"])
    parser.block.ruler.at("fence", make_fence_rule(markers=("`",)), {"alt": ["paragraph", "blockquote", "list"]})
    parser.block.ruler.at("blockquote", _quote, {"alt": ["paragraph", "blockquote", "list"]})
    for name, rule in {"escape": _escape, "link": _link, "autolink": _autolink, "emphasis": _delimiters}.items():
        parser.inline.ruler.at(name, rule)
    parser.inline.ruler.before("autolink", "url", _url)
    for letter in "hHwW":
        parser.inline.add_terminator_char(letter)
    parser.inline.ruler2.at("emphasis", _emphasis)
    return parser


def _quote(state: "StateBlock", start_line: int, end_line: int, silent: bool) -> bool:
    """A quote begins with `> ` at the start of its line; within a quote, `>` alone is an empty line."""
    from markdown_it.rules_block import blockquote

    position = state.bMarks[start_line] + state.tShift[start_line]
    if state.sCount[start_line] > state.blkIndent or position + 1 >= state.eMarks[start_line]:
        return False
    if state.src[position] != ">" or state.src[position + 1] not in " \t":
        return False
    if silent:
        return True
    source, masked = state.src, list(state.src)
    for line in range(start_line + 1, end_line):
        at, end = state.bMarks[line] + state.tShift[line], state.eMarks[line]
        if at >= end:
            break
        if source[at] == ">" and at + 1 < end and source[at + 1] not in " \t":
            masked[at] = MASK
    state.src = "".join(masked)
    try:
        return blockquote(state, start_line, end_line, silent)
    finally:
        state.src = source


def _escape(state: "StateInline", silent: bool) -> bool:
    """An escape keeps its backslash."""
    from markdown_it.rules_inline import escape

    if state.src[state.pos + 1 : state.pos + 2] not in PUNCTUATION or not escape(state, silent):
        return False
    if not silent:
        state.tokens[-1].content = state.tokens[-1].markup
    return True


def _url(state: "StateInline", silent: bool) -> bool:
    """A URL without markup is a link."""
    spans = state.env.get(state.src)
    if spans is None:
        spans = state.env[state.src] = dict(url_spans(state.src))
    end = spans.get(state.pos)
    if end is None or end > state.posMax:
        return False
    if not silent:
        state.push("link", "a", 0).content = state.src[state.pos : end]
    state.pos = end
    return True


def _link(state: "StateInline", silent: bool) -> bool:
    from markdown_it.rules_inline import link

    return _replaced_link(state, silent, link)


def _autolink(state: "StateInline", silent: bool) -> bool:
    from markdown_it.rules_inline import autolink

    return _replaced_link(state, silent, autolink)


def _replaced_link(state: "StateInline", silent: bool, rule: "Callable[[StateInline, bool], bool]") -> bool:
    """Parse a link, and put one token in place of its label; what is not shown as a link is text."""
    start, tokens, tokens_meta = state.pos, len(state.tokens), len(state.tokens_meta)
    if not rule(state, silent):
        return False
    if silent:
        return True
    first = next(at for at in range(tokens, len(state.tokens)) if state.tokens[at].type == "link_open")
    link = state.tokens[first]
    label = "".join(token.content for token in state.tokens[first:])
    del state.tokens[first:], state.tokens_meta[tokens_meta:]
    if "title" not in link.attrs and is_web_address(str(link.attrs["href"])) and has_visible(label):
        state.push("link", "a", 0).content = label
    else:
        state.push("text_special", "", 0).content = state.src[start : state.pos]
    return True


def _delimiters(state: "StateInline", silent: bool) -> bool:
    """As the parser's own rule, which does not keep the positions of delimiters."""
    from markdown_it.rules_inline import emphasis

    start, count = state.pos, len(state.delimiters)
    if not emphasis.tokenize(state, silent):
        return False
    for offset, delimiter in enumerate(state.delimiters[count:]):
        state.tokens[delimiter.token].meta["position"] = start + offset
    return True


def _emphasis(state: "StateInline") -> None:
    """Replace the `_` of emphasis, which is no part of a username. `*` never is, and `__` is text."""
    delimiters = state.delimiters
    at = len(delimiters) - 1
    while at >= 0:
        opening = delimiters[at]
        if chr(opening.marker) == "_" and opening.end >= 0:
            if _is_strong(delimiters, at):
                at -= 1
            else:
                tokens = state.tokens[opening.token], state.tokens[delimiters[opening.end].token]
                if _is_clear(state.src, tokens[0].meta["position"], tokens[1].meta["position"]):
                    tokens[0].content = tokens[1].content = BOUNDARY
        at -= 1


def _is_strong(delimiters: "list[Delimiter]", at: int) -> bool:
    opening, before = delimiters[at], delimiters[at - 1]
    return (
        at > 0
        and before.end == opening.end + 1
        and before.marker == opening.marker
        and before.token == opening.token - 1
        and delimiters[opening.end + 1].token == delimiters[opening.end].token + 1
    )


OUTSIDE = frozenset("()[]{}\"'“”‘’«»‹›.,;:!?…¿¡—–-*_~")
FIRST_INSIDE = frozenset("\"'“‘«¿¡([{_~`@<>+#*")
LAST_INSIDE = frozenset("\"'”’»)]}_~`.,;:!?…%<>#*")


def _is_clear(source: str, opening: int, closing: int) -> bool:
    """Whether emphasis by `_` is meant: it stands between words, and begins and ends with one."""
    before, after = source[max(0, opening - 1) : opening], source[closing + 1 : closing + 2]
    first, last = source[opening + 1], source[closing - 1]
    return (
        all(character in OUTSIDE or character.isspace() for character in before + after)
        and (first in FIRST_INSIDE or _is_written(first))
        and (last in LAST_INSIDE or _is_written(last))
        and any(_is_written(character) for character in source[opening + 1 : closing])
    )


def _is_written(character: str) -> bool:
    """A letter, a number, a mark, an emoji or a sign of a currency."""
    return category(character) in {"Sc", "So", "Sk"} or category(character)[0] in "LNM"
