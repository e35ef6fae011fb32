"""The generated documents are what the models say."""

import pytest

from docs.generate.documents import DOCUMENTS, ROOT


@pytest.mark.parametrize("path", DOCUMENTS)
def test_a_generated_document_is_fresh(path: str):
    """`make docs` would change nothing: schema, AsyncAPI and the UI's types follow the models."""
    assert (ROOT / path).read_text(encoding="utf-8") == DOCUMENTS[path](), "run `make docs`"
