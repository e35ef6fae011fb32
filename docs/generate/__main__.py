"""`make docs`: write every generated document again. A test fails when one is stale."""

from docs.generate.documents import DOCUMENTS, ROOT

for path, render in DOCUMENTS.items():
    target = ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(), encoding="utf-8")
    print(f"wrote {path}")
