"""How much one request, and one asker, may ask of the GraphQL door; each refusal has its code."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.cache import cache
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from graphql import parse

from loyalty_plugin.graphql import limits
from loyalty_plugin.graphql.schema import schema
from loyalty_plugin.graphql.sizes import Size, size_of
from loyalty_plugin.models.members import Member
from tests.doors.graphqlkit import RULES, USER, Door, door
from tests.factories import CHANNEL, member, programme
from tests.saleor.roomkit import STRANGER

__all__ = ["door"]

PATH = "/loyalty/graphql/"
NUMBER = "{ loyalty { me { number } } }"
PUBLIC = f'{{ loyalty {{ programme(channel: "{CHANNEL}") {{ name }} }} }}'


@pytest.fixture
def ada(door: Door) -> Member:
    of = member(programme(RULES), external_id=USER)
    door.sign_in()
    return of


def setting(settings: Any, **values: Any) -> None:
    settings.LOYALTY = {**settings.LOYALTY, **values}


def code(response: Any) -> tuple[int, str]:
    [error] = response.json()["errors"]
    assert error["message"]
    return response.status_code, error["extensions"]["code"]


# -- the request ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("method", "data", "kind", "refusal"),
    [
        ("put", NUMBER, "application/json", (405, "method_not_allowed")),
        ("delete", "", "application/json", (405, "method_not_allowed")),
        ("post", "query=x", "application/x-www-form-urlencoded", (415, "unsupported_media_type")),
        ("post", '{"query": "{x}"}', "text/plain", (415, "unsupported_media_type")),
        ("post", '{"query": "{x}"}', "multipart/form-data; boundary=x", (415, "unsupported_media_type")),
        ("post", '[{"query": "{x}"}, {"query": "{x}"}]', "application/json", (400, "batching_off")),
        ("post", "{}", "application/json", (400, "bad_request")),
        ("post", '{"query": 7}', "application/json", (400, "bad_request")),
        ("post", '{"query": "{x}", "variables": [1]}', "application/json", (400, "bad_request")),
    ],
)
def test_what_is_no_posted_question_is_refused(
    method: str, data: str, kind: str, refusal: tuple[int, str]
) -> None:
    assert code(Client().generic(method.upper(), PATH, data, content_type=kind)) == refusal


@pytest.mark.parametrize(
    "body", [b"\x80", b"null", b"7", b'"x"', b"[" * 5_000, b" ", b'{"query": "\xff"}'], ids=range(7)
)
def test_a_body_that_is_no_object_in_json_is_refused(body: bytes) -> None:
    response = Client().post(PATH, body, content_type="application/json")
    assert code(response) == (400, "bad_request")


@pytest.mark.parametrize(
    "body",
    [
        r'{"query": "{loyalty{programme(channel: \"a\\u0000\"){code}}}"}',
        r'{"query": "{loyalty{programme(channel: \"a\\u{0}\"){code}}}"}',
        r'{"query": "query($c:String!){loyalty{programme(channel:$c){code}}}", "variables": {"c": "\u0000"}}',
        r'{"query": "{loyalty{programme(channel: \"a\"){code}}}", "variables": {"\u0000": [1]}}',
    ],
)
def test_a_character_no_text_has_is_refused(body: str) -> None:
    assert code(Client().post(PATH, body, content_type="application/json")) == (400, "bad_request")
    asked = {"query": json.loads(body)["query"], "variables": json.dumps(json.loads(body).get("variables"))}
    assert code(Client().get(PATH, {k: v for k, v in asked.items() if v != "null"})) == (400, "bad_request")


def test_a_body_beyond_the_bound_is_refused_unread(door: Door) -> None:
    assert code(door.post(NUMBER + " " * limits.MAX_BODY)) == (413, "too_large")
    assert code(Client().get(PATH, {"query": NUMBER + " " * limits.MAX_BODY})) == (413, "too_large")
    announced = Client().post(PATH, b"{}", content_type="application/json", CONTENT_LENGTH="9" * 9)
    assert code(announced) == (413, "too_large")


def test_a_query_may_be_asked_by_get_and_a_mutation_may_not(door: Door, ada: Member) -> None:
    headers = {"Authorization": f"Bearer {door.token}"}
    answer = Client().get(PATH, {"query": NUMBER}, headers=headers)
    assert answer.json()["data"]["loyalty"]["me"]["number"] == ada.number
    refused = Client().get(
        PATH, {"query": "mutation { loyaltyIssueCard { card { number } } }"}, headers=headers
    )
    assert (*code(refused), refused["Allow"]) == (405, "method_not_allowed", "POST")
    assert code(Client().get(PATH)) == (400, "bad_request")


# -- the document --------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("query", "refusal"),
    [
        ("{ loyalty", "invalid_syntax"),
        ("{ nothing }", "invalid_query"),
        (
            "query ($n: Int!) { loyalty { me { statement(first: $n) { edges { cursor } } } } }",
            "invalid_variables",
        ),
        ("{ " + "__typename " * limits.MAX_TOKENS + "}", "too_long"),
        (
            "{ " + " ".join(f"a{n}: __typename" for n in range(limits.MAX_ALIASES + 1)) + " }",
            "too_many_aliases",
        ),
    ],
)
def test_a_document_that_can_not_be_answered_has_a_code(
    query: str, refusal: str, door: Door, ada: Member
) -> None:
    assert door.refused(query)["extensions"] == {"code": refusal}


def test_a_question_too_deep_is_refused(door: Door, ada: Member, settings: Any) -> None:
    setting(settings, GRAPHQL_MAX_DEPTH=2)
    assert door.refused("{ loyalty { me { tier { name } } } }")["extensions"]["code"] == "too_deep"
    assert door.ask(NUMBER)


def test_a_question_that_costs_too_much_is_refused_before_anything_is_read(
    door: Door, ada: Member, settings: Any, django_assert_num_queries: Any
) -> None:
    page = "{ loyalty { me { statement(first: %d) { edges { node { id amount why { sentence } } } } } } }"
    setting(settings, GRAPHQL_MAX_COST=200)
    assert door.ask(page % 20)
    with django_assert_num_queries(0):
        assert door.refused(page % 100)["extensions"]["code"] == "too_costly"


QUERY = "query ($n: Int = 10) { loyalty { me { statement(first: $n) { edges { node { id } } } } } }"


@pytest.mark.parametrize(
    ("query", "variables", "size"),
    [
        ("{ loyalty { me { number } } }", {}, Size(2, 0, 3)),
        ("{ a: loyalty { me { number } } b: loyalty { me { number } } }", {}, Size(2, 2, 6)),
        (QUERY, {}, Size(5, 0, 3 + 10 * (1 + 2))),
        (QUERY, {"n": 100}, Size(5, 0, 3 + 100 * (1 + 2))),
        (QUERY, {"n": -5}, Size(5, 0, 3 + 1 + 2)),
        ("{ loyalty { me { card { html qrSvg } } } }", {}, Size(3, 0, 3 + 50 + 20)),
        (
            "{ ...F ... on Query { ...F } } fragment F on Query { a: loyalty { me { number } } }",
            {},
            Size(2, 2, 6),
        ),
    ],
)
def test_what_a_document_costs(query: str, variables: dict[str, Any], size: Size) -> None:
    assert size_of(schema._schema, parse(query), None, variables) == size


def test_fragments_that_double_are_measured_in_no_time() -> None:
    """Each names the next one twice: to walk them would take longer than the world has stood."""
    depth = 140
    chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(depth))
    document = parse(f"{{ ...F0 }} {chain} fragment F{depth} on Query {{ a: __typename }}")
    began = time.monotonic()
    assert size_of(schema._schema, document, None, {}).aliases == 2**depth
    assert time.monotonic() - began < 30


def test_fragments_that_double_are_refused_at_the_door(door: Door, ada: Member) -> None:
    chain = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(140))
    document = f"{{ ...F0 }} {chain} fragment F140 on Query {{ a: __typename }}"
    assert door.refused(document)["extensions"]["code"] == "too_many_aliases"


# -- trusted documents ---------------------------------------------------------------------------------------
@pytest.fixture
def manifest(tmp_path: Path, settings: Any) -> Path:
    file = tmp_path / "documents.json"
    file.write_text(json.dumps({"abc": PUBLIC}))
    setting(settings, GRAPHQL_DOCUMENTS=str(file))
    return file


def named(**asked: Any) -> Any:
    return Client().post(PATH, asked, content_type="application/json")


def test_a_document_is_asked_for_by_its_id(door: Door, ada: Member, manifest: Path) -> None:
    for asked in (
        {"documentId": "abc"},
        {"documentId": "sha256:abc"},
        {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "abc"}}},
    ):
        assert named(**asked).json()["data"]["loyalty"]["programme"]
    assert Client().get(PATH, {"documentId": "abc"}).json()["data"]["loyalty"]["programme"]
    assert code(named(documentId="def")) == (400, "unknown_document")
    assert code(named(documentId=["abc"])) == (400, "unknown_document")


def test_a_text_is_answered_unless_the_setting_forbids_texts(
    door: Door, ada: Member, manifest: Path, settings: Any
) -> None:
    assert "data" in named(query=PUBLIC).json()
    setting(settings, GRAPHQL_DOCUMENTS_ONLY=True)
    assert code(named(query=PUBLIC)) == (400, "documents_only")
    # The id's own text is answered, whatever comes beside it.
    assert named(documentId="abc", query="{ __typename }").json()["data"]["loyalty"]["programme"]


def test_the_list_of_documents_is_read_anew_in_either_form(door: Door, ada: Member, manifest: Path) -> None:
    assert "data" in named(documentId="abc").json()
    apollo = {"format": "apollo-persisted-query-manifest", "operations": [{"id": "def", "body": PUBLIC}]}
    manifest.write_text(json.dumps(apollo) + " " * 9)
    assert "data" in named(documentId="def").json()
    assert code(named(documentId="abc")) == (400, "unknown_document")
    manifest.write_text("[]  ")
    with pytest.raises(ImproperlyConfigured, match="no list of GraphQL documents"):
        named(documentId="def")


# -- how often -----------------------------------------------------------------------------------------------
@pytest.fixture
def counted(settings: Any) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
    cache.clear()
    # A day, so that no window ends while the test counts.
    setting(settings, GRAPHQL_MEMBER_RATE="3/d", GRAPHQL_ADDRESS_RATE="2/d")


def ask(token: str | None = None, address: str = "203.0.113.7", **headers: str) -> Any:
    headers = {"Authorization": f"Bearer {token}", **headers} if token else headers
    return Client(REMOTE_ADDR=address).post(
        PATH, {"query": PUBLIC}, content_type="application/json", headers=headers
    )


@pytest.mark.usefixtures("counted")
def test_a_customer_is_counted_wherever_they_ask_from(door: Door, ada: Member) -> None:
    for number in range(3):
        assert ask(door.token, f"203.0.113.{number}").status_code == 200
    refused = ask(door.token, "203.0.113.9")
    assert code(refused) == (429, "too_many_requests")
    assert 0 < int(refused["Retry-After"]) <= 24 * 60 * 60
    door.sign_in("VXNlcjo0Nw==")
    assert ask(door.token).status_code == 200


@pytest.mark.usefixtures("counted")
def test_who_has_no_good_token_is_counted_by_address(door: Door, ada: Member) -> None:
    assert ask(address="2001:4860::1").status_code == 200
    assert ask(STRANGER.token(), address="2001:4860::2").status_code == 200
    assert code(ask(address="2001:4860::3")) == (429, "too_many_requests")  # the same /64
    assert ask(address="2001:4860:0:1::3").status_code == 200
    assert ask(door.token, address="2001:4860::3").status_code == 200  # a customer is somebody


@pytest.mark.usefixtures("counted")
def test_behind_a_proxy_its_header_tells_the_address(door: Door, ada: Member, settings: Any) -> None:
    for _ in range(3):  # a private address is a proxy's: everybody's, so nobody's
        assert ask(address="10.0.0.1").status_code == 200
    setting(settings, CLIENT_ADDRESS_HEADER="X-Forwarded-For")
    for forged in ("1.1.1.1", "2.2.2.2"):
        assert ask(address="10.0.0.1", **{"X-Forwarded-For": f"{forged}, 203.0.113.8"}).status_code == 200
    answer = ask(address="10.0.0.1", **{"X-Forwarded-For": "3.3.3.3, 203.0.113.8"})
    assert code(answer) == (429, "too_many_requests")
    assert ask(address="10.0.0.1", **{"X-Forwarded-For": "nonsense"}).status_code == 200


# -- other origins -------------------------------------------------------------------------------------------
def test_other_origins_may_ask_where_the_setting_names_them(door: Door, ada: Member, settings: Any) -> None:
    shop = {"Origin": "https://shop.example", "Access-Control-Request-Method": "POST"}
    closed = Client().options(PATH, headers=shop)
    assert (closed.status_code, closed.headers.get("Access-Control-Allow-Origin")) == (204, None)
    setting(settings, GRAPHQL_ORIGINS=("https://shop.example",))
    opened = Client().options(PATH, headers=shop)
    assert opened["Access-Control-Allow-Origin"] == "https://shop.example"
    assert "authorization" in opened["Access-Control-Allow-Headers"]
    assert "Access-Control-Allow-Credentials" not in opened
    answer = ask(Origin="https://shop.example")
    assert answer["Access-Control-Allow-Origin"] == "https://shop.example"
    stranger = ask(Origin="https://evil.example")
    assert "Access-Control-Allow-Origin" not in stranger
    assert "Origin" in answer["Vary"]
    assert "Origin" in stranger["Vary"]
