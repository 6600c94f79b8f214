"""The address of the GraphQL door: bounds the request, reads the bearer token, knows no cookie; decides nothing."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from cross_web import HTTPException
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from strawberry.django.views import GraphQLView
from strawberry.schema.exceptions import InvalidOperationTypeError

from loyalty_plugin.graphql import documents, headers, rates
from loyalty_plugin.graphql.context import Caller
from loyalty_plugin.graphql.limits import MAX_BODY
from loyalty_plugin.graphql.refusals import Refused, as_response
from loyalty_plugin.graphql.schema import schema

#: The same character as a document may write it.
_NUL_IN_DOCUMENT: Final = re.compile(r"\\u(0000|\{0+\})")


class LoyaltyView(GraphQLView):
    """Posted JSON, or a query by GET; one operation a request, no uploads, no explorer."""

    def get_context(self, request: HttpRequest, response: HttpResponse) -> Any:
        return Caller(request)

    def should_render_graphql_ide(self, request: Any) -> bool:
        return False

    def decode_json(self, data: str | bytes) -> object:
        """The body with the text of its document."""
        return documents.chosen(_object(data))

    def parse_query_params(self, params: Any) -> dict[str, Any]:
        """What is asked by GET. Raises Refused."""
        found = {name: value for name, value in dict(params).items() if value}
        for name in ("variables", "extensions"):
            if name in found:
                found[name] = _object(found[name])
        return documents.chosen(_legible(found))

    def process_result(self, request: HttpRequest, result: Any) -> Any:
        # Read where headers are set: only a whole answer may be kept by others.
        request.loyalty_whole = not result.errors  # type: ignore[attr-defined]
        return super().process_result(request, result)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with translation.override(headers.language(request)):
            try:
                response = self._answer(request)
            except Refused as refused:
                response = as_response(refused)
                if refused.code == "method_not_allowed":
                    response["Allow"] = "POST" if request.method == "GET" else headers.METHODS
        headers.keeping(request, response, whole=getattr(request, "loyalty_whole", False))
        headers.sharing(request, response)
        return response

    def _answer(self, request: HttpRequest) -> HttpResponseBase:
        if request.method == "OPTIONS":
            return headers.preflight(request)
        if request.method not in ("GET", "POST"):
            raise Refused("method_not_allowed")
        asked = len(request.META.get("QUERY_STRING", ""))
        if max(asked, _announced(request)) > MAX_BODY or len(request.body) > MAX_BODY:
            raise Refused("too_large")
        if request.method == "POST" and request.content_type != "application/json":
            raise Refused("unsupported_media_type")
        try:
            request.body.decode()
        except UnicodeDecodeError as error:
            raise Refused("bad_request") from error
        caller = Caller(request)
        rates.check(request, caller)
        try:
            return self.run(request, context=caller)  # type: ignore[arg-type]
        except HTTPException as error:
            if isinstance(error.__cause__, InvalidOperationTypeError):
                raise Refused("method_not_allowed") from error
            raise Refused("bad_request", error.reason) from error


def _announced(request: HttpRequest) -> int:
    """Bytes the request says it has, before any is read."""
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    return int(length) if length.isdecimal() else 0


def _object(data: str | bytes) -> dict[str, Any]:
    """One object in JSON. Raises Refused for anything else. Strawberry itself breaks at depth, and at `null`."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Refused("bad_request") from error
    if isinstance(found, list):
        raise Refused("batching_off")
    if not isinstance(found, dict):
        raise Refused("bad_request")
    return _legible(found)


def _legible(found: dict[str, Any]) -> dict[str, Any]:
    """The same. Raises Refused for a character that no text of PostgreSQL has."""
    if _NUL_IN_DOCUMENT.search(str(found.get("query"))) or _holds_nul(found):
        raise Refused("bad_request")
    return found


def _holds_nul(value: Any) -> bool:
    """Whether any text in it holds NUL, which no column of PostgreSQL takes."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(map(_holds_nul, value)) or any(map(_holds_nul, value.values()))
    return isinstance(value, list) and any(map(_holds_nul, value))


# Nothing here is authenticated by a cookie, so no forged form can act for anybody. A service may call the shop,
# which no transaction may wait for: the view stays out of reach of ATOMIC_REQUESTS.
view = csrf_exempt(transaction.non_atomic_requests(LoyaltyView.as_view(schema=schema, graphql_ide=None)))
