"""What the GraphQL door does not do: answer forged tokens, endless questions, or anything about its insides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from graphql import build_schema

from loyalty_plugin.graphql import context
from loyalty_plugin.graphql.schema import schema
from loyalty_plugin.models.members import Member
from tests.doors.graphqlkit import RULES, USER, Door, door
from tests.factories import member, programme
from tests.saleor.roomkit import STRANGER

__all__ = ["door"]

ROOT = Path(__file__).parents[2]
NUMBER = "{ loyalty { me { number } } }"


@pytest.fixture
def ada(door: Door) -> Member:
    of = member(programme(RULES), external_id=USER)
    door.sign_in()
    return of


def test_the_printed_schema_is_the_schema(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("loyalty_schema")
    printed = capsys.readouterr().out
    assert (ROOT / "docs/schema.graphql").read_text() == printed, (
        "write it anew: python -m django loyalty_schema > docs/schema.graphql"
    )


def test_everything_in_the_schema_is_described() -> None:
    bare = []
    for name, kind in schema._schema.type_map.items():  # the only way to the descriptions of arguments
        if not (name.startswith("Loyalty") or name in ("Query", "Mutation", "User")):
            continue
        if not kind.description and name != "Query":
            bare.append(name)
        for field_name, field in getattr(kind, "fields", {}).items():
            if field_name in ("_entities", "_service"):
                continue
            if not field.description:
                bare.append(f"{name}.{field_name}")
            bare += [
                f"{name}.{field_name}({argument})"
                for argument, what in getattr(field, "args", {}).items()
                if not what.description
            ]
    assert bare == []


def test_our_types_do_not_meet_the_shops() -> None:
    """In one supergraph with Saleor only its entities and its Node are shared; all else is ours by name."""
    federation = {"User", "Product", "ProductVariant", "Order", "Query", "Mutation", "JSON", "Node"}
    ours = {
        name
        for name in build_schema(schema.as_str(), assume_valid=True).type_map
        if not name.startswith(("Loyalty", "_", "FieldSet", "link__"))
    }
    assert ours - federation <= {"Boolean", "Date", "DateTime", "ID", "Int", "String"}


def test_a_forged_token_is_refused_not_taken_for_a_guest(door: Door, ada: Member) -> None:
    for token in ("nonsense", STRANGER.token(), door.token[:-4] + "AAAA" if door.token else ""):
        door.token = token
        for query in (
            NUMBER,
            '{ loyalty { memberPrices(channel: "default-channel", lines: []) { variantId } } }',
        ):
            error = door.refused(query)
            assert error["extensions"] == {"code": "token_refused"}
            assert error["message"] == "Please sign in again."


def test_a_scheme_we_do_not_know_is_refused(door: Door, ada: Member) -> None:
    response = door.client.post(
        "/loyalty/graphql/",
        {"query": NUMBER},
        content_type="application/json",
        headers={"Authorization": "Basic YTpi"},
    )
    assert response.json()["errors"][0]["extensions"]["code"] == "token_refused"


def test_cookies_count_for_nothing(door: Door, ada: Member, django_user_model: Any) -> None:
    door.token = None
    staff = django_user_model.objects.create_superuser("boss", "boss@shop.example", "secret")
    door.client.force_login(staff)
    assert door.refused(NUMBER)["extensions"]["code"] == "token_refused"


def test_no_token_of_a_form_is_needed_and_the_slash_may_be_missing(door: Door, ada: Member) -> None:
    for path in ("/loyalty/graphql/", "/loyalty/graphql"):
        response = door.post(NUMBER, path=path)  # the client enforces CSRF
        assert response.json()["data"]["loyalty"]["me"]["number"] == ada.number
        assert response["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "query",
    [
        "{ __schema { types { name } } }",
        "{ _service { sdl } }",
        "{ ...F } fragment F on Query { _service { sdl } }",
    ],
)
def test_the_schema_is_shown_only_where_the_setting_says_so(door: Door, settings: Any, query: str) -> None:
    assert door.refused(query)["extensions"]["code"] == "introspection_off"
    settings.LOYALTY = {**settings.LOYALTY, "GRAPHQL_INTROSPECTION": True}
    assert door.ask(query)


def test_what_breaks_inside_stays_inside(
    door: Door, ada: Member, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*args: Any, **more: Any) -> None:
        raise RuntimeError("password=hunter2 in table secrets")

    monkeypatch.setattr(context, "membership_of", broken)
    response = door.post("{ loyalty { me { points { available } } } }")
    assert "hunter2" not in response.content.decode()
    assert response.json()["errors"][0]["extensions"] == {"code": "internal"}
    assert "hunter2" in caplog.text


def test_a_refusal_is_no_failure_of_ours(door: Door, caplog: pytest.LogCaptureFixture) -> None:
    assert door.refused(NUMBER)["extensions"]["code"] == "token_refused"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_errors_are_told_in_the_callers_language(door: Door) -> None:
    response = door.client.post(
        "/loyalty/graphql/",
        {"query": NUMBER},
        content_type="application/json",
        headers={"Accept-Language": "de"},
    )
    assert response.json()["errors"][0]["message"]
