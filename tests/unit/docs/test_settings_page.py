"""docs/settings.md lists every setting of a stage, with its default and its value in production."""

import json
import re
from pathlib import Path
from typing import Any

from stacks.stage import Stage

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "settings.md"


def rows() -> dict[str, tuple[str, str]]:
    """(default, value in prod) of each setting."""
    listed = {}
    first_table = PAGE.read_text(encoding="utf-8").partition("\n## ")[0]
    for line in first_table.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        for name in re.findall(r"`(\w+)`", cells[0]) if line.startswith("| `") else ():
            listed[name] = (cells[1], cells[2])
    return listed


def shown(value: Any) -> str:
    """A value as the page shows it."""
    if value is None:
        return "none"
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"{value:g}"
    return f"`{value if isinstance(value, str) else json.dumps(value)}`"


def test_the_page_has_the_values_of_the_code():
    """For a stage that cdk.json does not name, and for prod."""
    context = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    stages = [Stage.from_context((context | {"stage": name}).get) for name in ("other", "prod")]
    default, prod = (stage.model_dump(by_alias=True, exclude={"name"}, mode="json") for stage in stages)
    assert rows() == {name: (shown(default[name]), shown(prod[name])) for name in default}
