"""The address of the GraphQL door: bounds the request, reads the bearer token, knows no cookie; decides nothing."""

from __future__ import annotations

from typing import Any

from cross_web import HTTPException
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt
from strawberry.django.views import GraphQLView
from strawberry.schema.exceptions import InvalidOperationTypeError

from loyalty_plugin.graphql import documents, headers, rates
from loyalty_plugin.graphql.bodies import check_body, legible, one_object
from loyalty_plugin.graphql.context import Caller
from loyalty_plugin.graphql.refusals import Refused, as_response
from loyalty_plugin.graphql.schema import schema


class LoyaltyView(GraphQLView):
    """Posted JSON, or a query by GET; one operation a request, no uploads, no explorer."""

    def get_context(self, request: HttpRequest, response: HttpResponse) -> Any:
        return Caller(request)

    def should_render_graphql_ide(self, request: Any) -> bool:
        return False

    def decode_json(self, data: str | bytes) -> object:
        """The body with the text of its document."""
        return documents.chosen(one_object(data))

    def parse_query_params(self, params: Any) -> dict[str, Any]:
        """What is asked by GET. Raises Refused."""
        found = {name: value for name, value in dict(params).items() if value}
        for name in ("variables", "extensions"):
            if name in found:
                found[name] = one_object(found[name])
        return documents.chosen(legible(found))

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
        check_body(request)
        caller = Caller(request)
        rates.check(request, caller)
        try:
            return self.run(request, context=caller)  # type: ignore[arg-type]
        except HTTPException as error:
            if isinstance(error.__cause__, InvalidOperationTypeError):
                raise Refused("method_not_allowed") from error
            raise Refused("bad_request", error.reason) from error


# Nothing here is authenticated by a cookie, so no forged form can act for anybody. A service may call the shop,
# which no transaction may wait for: the view stays out of reach of ATOMIC_REQUESTS.
view = csrf_exempt(transaction.non_atomic_requests(LoyaltyView.as_view(schema=schema, graphql_ide=None)))
