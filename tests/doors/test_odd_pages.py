"""Whatever is typed into pages of the back office is answered or refused: odd addresses, query strings and forms."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import given
from hypothesis import strategies as st

from loyalty_plugin.models.members import Member
from loyalty_plugin.models.programmes import ProgrammeVersion
from tests.doors.graphqlkit import door
from tests.doors.oddkit import (
    ODD,
    ada,
    apart,
    nothing_unexpected,
    some,
)
from tests.doors.test_admin import staff

__all__ = ["ada", "door", "nothing_unexpected"]


def pages(within: Any = None, before: str = "") -> Iterator[str]:
    """The addresses of our pages as they stand in the urls, converters and all."""
    for one in (within or get_resolver()).url_patterns:
        route = before + str(one.pattern)
        if isinstance(one, URLResolver):
            if route.startswith("admin/membership"[: len(route)]):
                yield from pages(one, route)
        elif isinstance(one, URLPattern) and route.startswith("admin/membership"):
            yield route


PAGES = sorted(set(pages()))
LISTS = ("p", "q", "state", "status", "tier", "ordering", "export", "from", "to", "at", "after", "day", "who")
FILTERS = ("operation", "programme", "since", "until", "kind", "_export", "w", "as")
PARAMETERS = st.dictionaries(st.sampled_from([*LISTS, *FILTERS]) | ODD, ODD, max_size=4)
ACTS = (
    "amount",
    "reason",
    "words",
    "key",
    "confirm",
    "approve",
    "reject",
    "starts_at",
    "note",
    "look",
    "again",
)
FORMS = ("document", "name", "code", "realm", "accept", "until", "since", "number", "id", "act")
FIELDS = st.dictionaries(st.sampled_from([*ACTS, *FORMS]), ODD | st.uuids().map(str), max_size=6)


def address(route: str, known: dict[str, int], number: int | None) -> str:
    def filled(found: re.Match[str]) -> str:
        kind, name = found["kind"], found["name"]
        if kind == "uuid":
            return str(uuid.UUID(int=7))
        return str(known.get(name, 1) if number is None else number)

    return "/" + re.sub(r"<(?P<kind>\w+):(?P<name>\w+)>", filled, route)


def known_in(of: Member) -> dict[str, int]:
    draft = ProgrammeVersion.objects.get(programme=of.programme)
    assert of.realm_id is not None
    return {"member_id": of.pk, "version_id": draft.pk, "realm_id": of.realm_id}


def test_our_pages_were_found():
    assert len(PAGES) > 20


@pytest.mark.parametrize("route", PAGES)
def test_pages_bear_any_query_and_any_form(route: str, ada: Member):
    owner, known = staff("owner"), known_in(ada)
    owner.raise_request_exception = True

    @some(6, 300)
    @given(st.sampled_from([None, None, None, 0, 2**31, 2**63, 10**30]), PARAMETERS, FIELDS, st.booleans())
    def check(number: int | None, query: dict[str, str], fields: dict[str, str], posts: bool) -> None:
        path = f"{address(route, known, number)}?{urlencode(query, errors='replace')}"
        response = apart(lambda: owner.post(path, fields) if posts else owner.get(path))
        assert response.status_code < 500, path

    check()
