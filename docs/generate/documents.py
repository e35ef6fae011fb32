"""Which documents are generated, and how: the path from the repository's root, and what renders it."""

import json
from collections.abc import Callable
from pathlib import Path

from docs.generate.schema import contract_schema
from docs.generate.typescript import typescript

ROOT = Path(__file__).resolve().parents[2]

DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/contract/schema.json": lambda: json.dumps(contract_schema(), indent=2, ensure_ascii=False) + "\n",
    "ui/src/contract.ts": lambda: typescript(contract_schema()),
}
