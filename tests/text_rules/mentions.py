"""Generate messages that look as if they mention users, from the markup that hides or keeps a mention."""

import random

PIECES = (
    *("@bob", "@alice", "@a_b", "@bob_", "@Bob", "@józef", "@b.c", "@日本", "@x-y."),
    *("`", "``", "```", "```js", "~~~", "*", "**", "_", "__", "***", "~~", "\\", "\\_", "\\`", "\\["),
    *("> ", ">", ">> ", "> > ", "- ", "* ", "+ ", "1. ", "2) ", "    ", "\t", "  ", " ", " ", "\n", "\n", "\n\n"),
    *("[", "]", "](https://a.example/@bob)", "](foo)", '](https://a.example "t")', "(", ")", "![", "<", ">"),
    *("https://a.example/@bob", "www.b.example", "<https://c.example/@alice>", "http://x", "mail@bob.example"),
    *("word", "日本", "é", "1", ".", ",", "!", "@", "🎉", "a", "—", "“", "”", "&amp;", "# ", "---", "|", "$"),
)


def generated_message(source: random.Random) -> str:
    """Return a message of up to 14 pieces."""
    return "".join(source.choices(PIECES, k=source.randint(1, 14)))
