"""Save the archives of Lambda layers in separate files instead of the state's JSON.

AWS keeps the archive of a layer version for as long as the version exists. MiniStack (`lambda_svc.get_state`)
writes the code of functions to files named by content, but layers into its JSON as base64, so that each save with
a few layers is tens of megabytes. This addition wraps `get_state`, which then writes files, and `_restore_state`,
which reads them.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.emulator import patching

REFERENCE = "parleyLayerFile"


class LayerState:
    """The directory of the layer archives, and the two wrapped functions."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self._get = patching.replace("services.lambda_svc", "get_state", self.get)
        self._restore = patching.replace("services.lambda_svc", "_restore_state", self.restore)

    def get(self) -> dict[str, Any]:
        """The state, with each archive replaced by a reference to its file."""
        state: dict[str, Any] = self._get()
        for version in versions(state.get("layers")):
            content = version.get("_zip_data")
            if isinstance(content, bytes):
                version["_zip_data"] = {REFERENCE: self._write(content)}
        return state

    def restore(self, data: dict[str, Any] | None) -> None:
        """Restore a state, with each reference replaced by the archive."""
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
    """Every version record in MiniStack's store of layers."""
    store = getattr(layers, "_data", None) or {}
    for layer in store.values():
        yield from layer.get("versions", [])
