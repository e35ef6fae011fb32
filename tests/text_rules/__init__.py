"""Cases for rules about text that the functions and the browser client share: both are tested with them.

`visible.json`: what a reader sees; `folding.json`: what search compares. The tests of the browser client read the
files as well.
"""

import json
from pathlib import Path
from typing import Any


def read_cases(name: str) -> Any:
    """Return the content of a file of cases."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))


def characters(ranges: list[list[str]]) -> str:
    """Return all characters of ranges of code points in hexadecimal, without surrogates."""
    codes = (code for first, last in ranges for code in range(int(first, 16), int(last, 16) + 1))
    return "".join(chr(code) for code in codes if not 0xD800 <= code <= 0xDFFF)
