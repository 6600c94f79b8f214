"""The address of the shop's own door: who asks, for which operation, with what; one service does it, Saleor answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import translation
from django.views.decorators.csrf import csrf_exempt

from loyalty_plugin.clients import exact_address
from loyalty_plugin.conf import settings
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.graphql import headers, rates
from loyalty_plugin.graphql.backend import sessions
from loyalty_plugin.graphql.bodies import check_body, one_object
from loyalty_plugin.graphql.context import Caller
from loyalty_plugin.graphql.errors import stable, words
from loyalty_plugin.graphql.refusals import Refused, as_response
from loyalty_plugin.services.shopping.acting import carry_out
from loyalty_plugin.services.shopping.owners import Buyer

#: What shows something and changes nothing: the token's signature is enough. Before all else the shop is asked.
_READING: Final = frozenset({"Checkout", "Order", "MyOrders"})
#: What a refusal tells beside its code.
_TOLD: Final = ("path", "variants", "lines")


def answered(request: HttpRequest) -> HttpResponse:
    """Posted JSON, `{"operationName": …, "variables": {…}}`; no texts of documents, no batches, no cookies."""
    with translation.override(headers.language(request)):
        try:
            response = _answer(request)
        except Refused as refused:
            response = as_response(refused)
            if refused.code == "method_not_allowed":
                response["Allow"] = "POST"
    headers.keeping(request, response, whole=False)
    headers.sharing(request, response)
    return response


def _answer(request: HttpRequest) -> HttpResponse:
    if not settings.ENFORCED:
        raise Refused("door_closed")
    if request.method == "OPTIONS":
        return headers.preflight(request)
    if request.method != "POST":
        raise Refused("method_not_allowed")
    check_body(request)
    caller = Caller(request)
    rates.check(request, caller)
    asked = one_object(request.body, Decimal)
    if "query" in asked:
        raise Refused("documents_only")
    operation = asked.get("operationName") or asked.get("documentId")
    variables = asked.get("variables") or {}
    if not isinstance(operation, str) or not isinstance(variables, dict):
        raise Refused("bad_request")
    try:
        return _json(*_done(request, caller, operation, variables))
    except LoyaltyError as error:
        facts: dict[str, object] = {name: error.details[name] for name in _TOLD if name in error.details}
        told = {"message": words(error), "extensions": {**facts, "code": stable(error)}}
        return JsonResponse({"data": None, "errors": [told]})


def _done(
    request: HttpRequest, caller: Caller, operation: str, variables: Mapping[str, Any]
) -> tuple[Mapping[str, Any], str]:
    """The shop's answer, and the session that its holder is to be told of, empty for none."""
    held = request.headers.get(sessions.HEADER, "")
    name = sessions.name_in(held) if held else sessions.new_name()
    customer = caller.customer
    if customer is not None and operation not in _READING:
        customer = caller.confirm_customer()
    buyer = Buyer(
        realm=customer.realm if customer is not None else "",
        user_id=customer.user_id if customer is not None else "",
        session=sessions.digest(name),
        address=exact_address(request) or "",
    )
    done = carry_out(buyer, operation=operation, variables=variables, now=caller.now)
    return done.answer, sessions.signed(name) if done.given else ""


def _json(answer: Mapping[str, Any], session: str) -> HttpResponse:
    if session:
        answer = {**answer, "extensions": {"loyalty": {"session": session}}}
    # Saleor's own decimals are JSON's numbers; they are written as they were read.
    return HttpResponse(json.dumps(answer, default=float), content_type="application/json")


# Nothing here is authenticated by a cookie, and it calls the shop, which no transaction may wait for.
view = csrf_exempt(transaction.non_atomic_requests(answered))
