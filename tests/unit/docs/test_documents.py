"""The generated documents are up to date."""

import pytest

from docs.generate.documents import DOCUMENTS, ROOT


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_generated_document_is_up_to_date(path: str):
    """`make docs` would not change the document."""
    assert (ROOT / path).read_text(encoding="utf-8") == DOCUMENTS[path](), "run `make docs`"
