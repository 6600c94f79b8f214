"""The address of the GraphQL door: bounds the body, reads the bearer token, knows no cookie; decides nothing."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from strawberry.django.views import GraphQLView

from loyalty_plugin.graphql.context import Caller
from loyalty_plugin.graphql.limits import MAX_BODY
from loyalty_plugin.graphql.schema import schema

#: The same character as a document may write it.
_NUL_IN_DOCUMENT: Final = re.compile(r"\\u(0000|\{0+\})")


class LoyaltyView(GraphQLView):
    """POST only, one operation a request, no uploads, no explorer."""

    def get_context(self, request: HttpRequest, response: HttpResponse) -> Any:
        return Caller(request)

    def decode_json(self, data: str | bytes) -> object:
        """The body, one object. Strawberry itself breaks at depth, and at `null`."""
        try:
            body = json.loads(data)
        except RecursionError as error:
            raise json.JSONDecodeError("too deep", "", 0) from error
        if not isinstance(body, dict):
            raise json.JSONDecodeError("no object", "", 0)
        if _NUL_IN_DOCUMENT.search(str(body.get("query"))) or _holds_nul(body):
            raise json.JSONDecodeError("a character that no text has", "", 0)
        return body

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if len(request.body) > MAX_BODY:
            return JsonResponse({"errors": [{"message": f"At most {MAX_BODY} bytes."}]}, status=413)
        try:
            request.body.decode()
        except UnicodeDecodeError:
            return JsonResponse({"errors": [{"message": "The body is not UTF-8."}]}, status=400)
        response = super().dispatch(request, *args, **kwargs)
        response["Cache-Control"] = "no-store"
        return response


def _holds_nul(value: Any) -> bool:
    """Whether any text in it holds NUL, which no column of PostgreSQL takes."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(map(_holds_nul, value)) or any(map(_holds_nul, value.values()))
    return isinstance(value, list) and any(map(_holds_nul, value))


# Nothing here is authenticated by a cookie, so no forged form can act for anybody. A service may call the shop,
# which no transaction may wait for: the view stays out of reach of ATOMIC_REQUESTS.
view = csrf_exempt(
    transaction.non_atomic_requests(
        LoyaltyView.as_view(schema=schema, graphql_ide=None, allow_queries_via_get=False)
    )
)
