"""Each missing piece of a host is found by its own number, with a hint; a host that has all is left in peace."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.conf import global_settings
from django.core import checks as django_checks
from django.db import connection
from django.test.utils import modify_settings

from loyalty_plugin import registry
from loyalty_plugin.checks import database, host, values
from tests import factories
from tests.install import urlconfs

SALEOR = "https://saleor.example/graphql/"


def ids(messages: Any) -> list[str]:
    """Numbers without our prefix; every message has words and a hint."""
    assert all(one.msg and one.hint and "{" not in one.msg + one.hint for one in messages)
    return [one.id.removeprefix("loyalty_plugin.") for one in messages]


def test_a_whole_host_has_no_findings(settings: Any) -> None:
    settings.LOYALTY = {
        "SALEOR_API_URLS": [SALEOR],
        "PUBLIC_URL": "https://shop.example",
        "ENCRYPTION_KEYS": [Fernet.generate_key().decode()],
    }
    found = django_checks.run_checks(include_deployment_checks=True)
    assert [one for one in found if str(one.id).startswith("loyalty_plugin.")] == []


@pytest.mark.parametrize(
    ("app", "number"),
    [
        ("django.contrib.postgres", "E003"),
        ("procrastinate.contrib.django", "E004"),
        ("wagtail.users", "E005"),
        ("django_otp", "W005"),
    ],
)
def test_an_app_that_is_missing(app: str, number: str) -> None:
    with pytest.MonkeyPatch.context() as patch:
        asked = host.apps.is_installed
        patch.setattr(host.apps, "is_installed", lambda name: name != app and asked(name))
        (found,) = host.check_apps()
    assert ids([found]) == [number]
    assert app in found.msg


def test_two_search_apps(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = host.apps.is_installed
    monkeypatch.setattr(host.apps, "is_installed", lambda name: name == "modelsearch" or asked(name))
    assert ids(host.check_apps()) == ["E011"]


def test_time_zones_and_the_second_factor(settings: Any) -> None:
    settings.USE_TZ = False
    with modify_settings(MIDDLEWARE={"remove": "django_otp.middleware.OTPMiddleware"}):
        assert ids(host.check_apps()) == ["E006", "W005"]


def test_another_database(monkeypatch: pytest.MonkeyPatch) -> None:
    assert database.check_database_engine() == []
    monkeypatch.setattr(connection, "vendor", "sqlite")
    assert ids(database.check_database_engine()) == ["E001"]
    # Nothing is asked of a database of another kind.
    assert (
        database.check_database(databases=["default"]) == database.check_versions(databases=["default"]) == []
    )


def test_an_old_server(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    assert database.check_database(databases=["default"]) == []
    monkeypatch.setattr(database, "OLDEST_POSTGRESQL", 990_000)
    assert database.check_database(databases=[]) == []
    assert ids(database.check_database(databases=["default"])) == ["E002"]


@pytest.mark.parametrize(
    ("urlconf", "expected"),
    [
        ("right", []),
        ("elsewhere", []),
        ("with_languages_beside", []),
        ("not_mounted", ["E007"]),
        ("by_language", ["E008"]),
        ("by_language_but_default", ["E008"]),
        ("swallowed", ["E009"]),
    ],
)
@pytest.mark.parametrize("languages", [["en"], ["en", "de"], [code for code, _ in global_settings.LANGUAGES]])
def test_where_the_plugin_is_mounted(
    settings: Any, urlconf: str, languages: list[str], expected: list[str]
) -> None:
    settings.LANGUAGES = [(code, code) for code in languages]
    settings.ROOT_URLCONF = getattr(urlconfs, urlconf)
    found = host.check_urls()
    assert ids(found) == expected
    if urlconf == "swallowed":
        assert "tests.install.urlconfs.everything" in found[0].msg


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"SALEOR_API_URLS": ()}, ["W001"]),
        ({"SALEOR_API_URLS": SALEOR}, ["E010"]),
        ({"SALEOR_API_URLS": ["saleor.example"]}, ["E010"]),
        ({"SALEOR_API_URLS": [SALEOR, "https://saleor.example"]}, ["E010"]),
        ({"SALEOR_API_URLS": [None]}, ["E010"]),
        ({"PUBLIC_URL": ""}, ["W002"]),
        ({"PUBLIC_URL": "http://shop.example"}, ["W003"]),
        ({"PUBLIC_URL": "http://localhost:8000"}, []),
        ({"PUBLIC_URL": "shop.example"}, ["E012"]),
        ({"PUBLIC_URL": "https://shop.example/"}, ["E012"]),
        ({"PUBLIC_URLS": "https://shop.example"}, ["E013"]),
        ({"ENCRYPTION_KEYS": ["a password"]}, ["E014"]),
        ({"CARD_DESIGN": "gone"}, ["E015"]),
    ],
)
def test_settings_that_can_not_be_right(settings: Any, changes: dict[str, Any], expected: list[str]) -> None:
    settings.LOYALTY = {"SALEOR_API_URLS": [SALEOR], "PUBLIC_URL": "https://shop.example", **changes}
    assert ids(values.check_settings()) == expected


def test_secrets_without_keys_of_their_own_are_told_of_where_it_is_deployed(settings: Any) -> None:
    settings.LOYALTY = {}
    assert ids(values.check_keys()) == ["W006"]
    ordinary, deployed = (django_checks.run_checks(include_deployment_checks=one) for one in (False, True))
    assert "loyalty_plugin.W006" not in {one.id for one in ordinary}
    assert "loyalty_plugin.W006" in {one.id for one in deployed}


def test_a_published_version_whose_extension_is_gone(db: None) -> None:
    with_rule = factories.document(
        earning={
            "rules": [{"id": "tenth", "rule": "stamp_card", "params": {"products": ["P"], "points": 30}}]
        },
        perks=[{"id": "ten", "perk": "tier_discount", "params": {"rates": {"basic": 1_000}}}],
    )
    factories.programme(with_rule, code="club")
    assert database.check_versions(databases=["default"]) == []

    gone = registry.rules.get("stamp_card"), registry.perks.get("tier_discount")
    registry.rules.withdraw("stamp_card")
    registry.perks.withdraw("tier_discount")
    try:
        found = database.check_versions(databases=["default"])
        assert ids(found) == ["E016", "E016"]
        assert ["'stamp_card' (tenth)" in found[0].msg, "'tier_discount' (ten)" in found[1].msg] == [True] * 2
        # The database is only asked by whoever names it, such as migrate and the doctor.
        assert database.check_versions(databases=[]) == database.check_versions() == []
    finally:
        registry.rules.register(type(gone[0]))
        registry.perks.register(type(gone[1]))


def test_all_checks_are_known_to_django() -> None:
    rooms = (vars(room).items() for room in (database, host, values))
    ours = {check for room in rooms for name, check in room if name.startswith("check_")}
    assert len(ours) == 7
    assert ours <= set(django_checks.registry.registry.get_checks(include_deployment_checks=True))
