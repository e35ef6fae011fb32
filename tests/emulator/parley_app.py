"""Parley's own stacks as a cloud assembly, for tests that deploy them with the CDK CLI."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "20")

ROOT = Path(__file__).resolve().parents[2]


def synthesise(
    folder: Path,
    stage: str,
    *,
    change: Callable[[Any], None] = lambda app: None,
    **settings: Any,
) -> Path:
    """Write the assembly of a stage, with settings that override cdk.json, to a folder, and return the folder.

    `change` gets the app before it is synthesised.
    """
    import aws_cdk as cdk

    from app import add_stacks
    from stacks.stage import Stage

    context = json.loads((ROOT / "cdk.json").read_text())["context"] | {"stage": stage}
    context["stages"][stage] = context["stages"].get(stage, {}) | settings
    app = cdk.App(context=context, outdir=str(folder / "cdk.out"))
    add_stacks(app, Stage.from_context(app.node.try_get_context), site=_site(folder / "site"))
    change(app)
    app.synth()
    return folder / "cdk.out"


def _site(folder: Path) -> Path:
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html><title>Parley</title>")
    (folder / "assets" / "index-1a2b3c.js").write_text("export {};")
    return folder
