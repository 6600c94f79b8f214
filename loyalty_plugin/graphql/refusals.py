"""What this door refuses before, or instead of, asking a service: a stable code, a status, a sentence each.

Refusals of the house are in `loyalty_plugin.errors`; these are about requests and documents, never about members.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from django.http import HttpResponse, JsonResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as N_
from graphql import GraphQLError


class _Kind(NamedTuple):
    status: int
    words: str


#: By code; docs/errors.md lists them, a test sees to it. 200: told inside of an answer, as GraphQL does.
KINDS: Final = {
    "bad_request": _Kind(400, N_("This is no GraphQL request.")),
    "batching_off": _Kind(400, N_("One operation a request, please.")),
    "door_closed": _Kind(404, N_("There is nothing here.")),
    "method_not_allowed": _Kind(405, N_("Post it, or GET a query.")),
    "unsupported_media_type": _Kind(415, N_("Send application/json.")),
    "too_large": _Kind(413, N_("The request is too large.")),
    "too_many_requests": _Kind(429, N_("Too many requests. Please wait a little.")),
    "documents_only": _Kind(400, N_("Only documents that the shop knows are answered here.")),
    "unknown_document": _Kind(400, N_("The shop knows no document of this id.")),
    "invalid_syntax": _Kind(200, N_("The document can't be read.")),
    "invalid_query": _Kind(200, N_("The document does not fit the schema.")),
    "invalid_variables": _Kind(200, N_("The variables do not fit the document.")),
    "introspection_off": _Kind(200, N_("The schema is not shown here.")),
    "too_long": _Kind(200, N_("The document is too long.")),
    "too_deep": _Kind(200, N_("The document is nested too deeply.")),
    "too_many_aliases": _Kind(200, N_("The document has too many aliases.")),
    "too_costly": _Kind(200, N_("The document asks for too much at once.")),
    "internal": _Kind(200, N_("Something went wrong on our side. Please try again.")),
}


class Refused(Exception):
    """A request that is not looked at any further. `words` replace the code's own sentence; `wait` is in seconds."""

    def __init__(self, code: str, words: str = "", *, wait: int = 0) -> None:
        self.code, self.words, self.wait = code, words, wait
        super().__init__(code)


def sentence(code: str) -> str:
    """The code's sentence, in the language of the request."""
    return _(KINDS[code].words)


def as_response(refused: Refused) -> HttpResponse:
    """A refusal of the whole request, in GraphQL's own shape."""
    error = {"message": refused.words or sentence(refused.code), "extensions": {"code": refused.code}}
    response = JsonResponse({"errors": [error]}, status=KINDS[refused.code].status)
    if refused.wait:
        response["Retry-After"] = str(refused.wait)
    return response


def as_error(code: str, facts: str = "") -> GraphQLError:
    """A refusal of a document, to be told inside of an answer; `facts` are numbers behind the sentence."""
    return GraphQLError(" ".join(filter(None, (sentence(code), facts))), extensions={"code": code})
