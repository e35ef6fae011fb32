"""The terms that commands search for in AWS, as parts of a query: ids that users may have sent to an operator."""

from ops.errors import BadRequestError


def require_quotable(term: str) -> None:
    """Raise BadRequestError for a term that would end its quotation: a part of it would be a part of the query.

    AWS does not document how a quotation mark is escaped. No id has one.
    """
    if not term.isprintable() or '"' in term or "\\" in term:
        raise BadRequestError(f"{term!r} is no id: an id has no quotation marks, backslashes or line breaks.")
