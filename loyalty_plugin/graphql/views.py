"""The address of the GraphQL door: bounds the body, reads the bearer token, knows no cookie; decides nothing."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.views.decorators.csrf import csrf_exempt
from strawberry.django.views import GraphQLView

from loyalty_plugin.graphql.context import Caller
from loyalty_plugin.graphql.limits import MAX_BODY
from loyalty_plugin.graphql.schema import schema


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


# Nothing here is authenticated by a cookie, so no forged form can act for anybody. A service may call the shop,
# which no transaction may wait for: the view stays out of reach of ATOMIC_REQUESTS.
view = csrf_exempt(
    transaction.non_atomic_requests(
        LoyaltyView.as_view(schema=schema, graphql_ide=None, allow_queries_via_get=False)
    )
)
