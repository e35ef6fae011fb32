"""`make docs`: write every generated document. tests/unit/docs/test_documents.py fails when one is out of date."""

from docs.generate.documents import DOCUMENTS, ROOT

for path, render in DOCUMENTS.items():
    target = ROOT / path
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(render(), encoding="utf-8")
    print(f"wrote {path}")
