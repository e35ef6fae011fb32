"""The generated documents: the path of each from the repository's root, and the function that renders it."""

import json
from collections.abc import Callable
from pathlib import Path

from docs.generate.asyncapi import asyncapi
from docs.generate.catalogue import catalogue
from docs.generate.cost import cost, designs_plot, shares_plot
from docs.generate.local_stage import local_stage
from docs.generate.openapi import openapi
from docs.generate.schema import contract_schema, inspector_schema, operations_schema
from docs.generate.settings import settings
from docs.generate.typescript import typescript

ROOT = Path(__file__).resolve().parents[2]

DOCUMENTS: dict[str, Callable[[], str]] = {
    "docs/contract/schema.json": lambda: _json(contract_schema()),
    "docs/contract/operations.json": lambda: _json(operations_schema()),
    "docs/contract/inspector.json": lambda: _json(inspector_schema()),
    "docs/contract/asyncapi.json": lambda: _json(asyncapi()),
    "docs/contract/openapi.json": lambda: _json(openapi()),
    "docs/cost.md": cost,
    "docs/pictures/cost-by-recipients.svg": designs_plot,
    "docs/pictures/cost-shares.svg": shares_plot,
    "docs/events.md": catalogue,
    "docs/local-stage.md": local_stage,
    "docs/settings.md": settings,
    "ui/src/core/contract.ts": lambda: typescript(contract_schema()),
    "ui/src/features/inspector/contract.ts": lambda: typescript(inspector_schema()),
}


def _json(document: object) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"
