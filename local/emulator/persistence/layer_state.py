"""Keep Lambda layers' archives in files of their own when the state is saved.

MiniStack (`lambda_svc.get_state`) writes function code to files by content, but layers into its JSON as
base64: a few layers make every save tens of megabytes. Wrapped: `get_state`, and `_restore_state`, which
reads them back.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.emulator import patching

REFERENCE = "parleyLayerFile"


class LayerState:
    """The directory of layer archives, and the two wrapped functions."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._get = patching.replace("services.lambda_svc", "get_state", self.get)
        self._restore = patching.replace("services.lambda_svc", "_restore_state", self.restore)

    def get(self) -> dict[str, Any]:
        """The state with a reference in the place of each archive."""
        state: dict[str, Any] = self._get()
        for version in versions(state.get("layers")):
            content = version.get("_zip_data")
            if isinstance(content, bytes):
                version["_zip_data"] = {REFERENCE: self._write(content)}
        return state

    def restore(self, data: dict[str, Any] | None) -> None:
        """The archives in the place of their references."""
        for version in versions((data or {}).get("layers")):
            reference = version.get("_zip_data")
            if isinstance(reference, dict) and REFERENCE in reference:
                version["_zip_data"] = (self._directory / reference[REFERENCE]).read_bytes()
        self._restore(data)

    def _write(self, content: bytes) -> str:
        name = f"{hashlib.sha256(content).hexdigest()}.zip"
        target = self._directory / name
        if not target.exists():
            unfinished = target.with_suffix(".new")
            unfinished.write_bytes(content)
            unfinished.replace(target)
        return name


def versions(layers: Any) -> Iterator[dict[str, Any]]:
    """Every version record of a store of layers."""
    store = getattr(layers, "_data", None) or {}
    for layer in store.values():
        yield from layer.get("versions", [])
