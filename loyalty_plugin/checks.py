"""Django system checks: tells a host in numbered sentences what is missing, each with a hint; mends nothing.

The numbers are public: they are listed in docs/install.md (a test keeps the two equal) and never change meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import apps
from django.conf import global_settings
from django.conf import settings as django_settings
from django.core import checks
from django.db import DatabaseError, connection, transaction
from django.urls import NoReverseMatch, Resolver404, URLResolver, get_resolver, resolve, reverse
from django.urls.resolvers import LocalePrefixPattern
from django.utils import translation

from loyalty_plugin import registry
from loyalty_plugin.conf import DEFAULTS, settings
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.queries.health import extension_troubles
from loyalty_plugin.registry import ports

#: Where Saleor sends its events.
EVENTS_URL: Final = "loyalty:saleor:events"
OLDEST_POSTGRESQL: Final = 150_000
NEEDED_APPS: Final = (
    "wagtail",
    "wagtail.admin",
    "wagtail.users",
    "django.contrib.auth",
    "django.contrib.contenttypes",
)

_MOUNT: Final = 'path("loyalty/", include("loyalty_plugin.urls"))'
#: Number to what is wrong and what to do about it.
MESSAGES: Final[dict[str, tuple[str, str]]] = {
    "E001": (
        "The default database is {engine}, not PostgreSQL.",
        "Points are money: they are kept by PostgreSQL's own guards. Set DATABASES['default'] to PostgreSQL 15 or newer.",
    ),
    "E002": (
        "The default database is PostgreSQL {found}, older than 15.",
        "Upgrade the server to PostgreSQL 15 or newer.",
    ),
    "E003": (
        "'django.contrib.postgres' is not in INSTALLED_APPS.",
        "Add it; it registers PostgreSQL's own types and searches.",
    ),
    "E004": (
        "'procrastinate.contrib.django' is not in INSTALLED_APPS.",
        "Add it: it holds the queue of jobs. Then migrate, and run a worker or loyalty_tick.",
    ),
    "E005": (
        "These apps are not in INSTALLED_APPS: {apps}.",
        "Add them: the back office lives in Wagtail's. See the Wagtail documentation on adding it to a project.",
    ),
    "E006": (
        "USE_TZ is False.",
        "Set USE_TZ = True: points ripen and expire at instants that must not be ambiguous.",
    ),
    "E007": (
        "The plugin's addresses are not mounted.",
        f"Add {_MOUNT} to the list in {{urlconf}}, above Wagtail's own.",
    ),
    "E008": (
        "The address Saleor sends its events to changes with the language.",
        f"Move {_MOUNT} out of i18n_patterns: Saleor would be redirected, and never repeats what was redirected.",
    ),
    "E009": (
        "Requests to {path}, where Saleor sends its events, are answered by {answers}.",
        f"Move {_MOUNT} up in {{urlconf}}, above Wagtail's catch-all and whatever else begins with the same path.",
    ),
    "E010": (
        "LOYALTY['SALEOR_API_URLS'] is not a list of API URLs: {found}.",
        "Write it as a list of full URLs that end in /graphql/, e.g. [\"https://saleor.example/graphql/\"].",
    ),
    "E011": (
        "'modelsearch' is in INSTALLED_APPS beside 'wagtail.search'.",
        "Remove 'modelsearch': wagtail.search is that very app, and every search fails where it finds two.",
    ),
    "E012": (
        "LOYALTY['PUBLIC_URL'] is not the URL of a site: {found}.",
        "Write scheme and host without a trailing slash, e.g. \"https://shop.example\".",
    ),
    "E013": (
        "LOYALTY has settings that do not exist: {names}.",
        "Look for a slip of the pen; the settings there are stand in docs/settings.md.",
    ),
    "E014": (
        "A key in LOYALTY['ENCRYPTION_KEYS'] is not a Fernet key.",
        "Make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
    ),
    "E015": (
        "LOYALTY['CARD_DESIGN'] names '{code}', which no installed app registers.",
        "Choose one of these, or install the app it comes from: {known}.",
    ),
    "E016": (
        "Version {version} of programme '{programme}', in force or to come, can't ask '{extension}' ({id}): {why}.",
        "Install the app it comes from again, or publish a version without it. Until then it gives nothing.",
    ),
    "W001": (
        "LOYALTY['SALEOR_API_URLS'] is empty: no Saleor may install the plugin.",
        "Name the API URL of your Saleor there.",
    ),
    "W002": (
        "LOYALTY['PUBLIC_URL'] is empty.",
        "Set it to the URL at which Saleor reaches this site; till then it is taken from each request.",
    ),
    "W003": (
        "LOYALTY['PUBLIC_URL'] is not https: {found}.",
        "Use https: our own secret goes over that line with every event.",
    ),
    "W004": (
        "Version {version} of programme '{programme}', no longer in force, can't ask '{extension}' ({id}): {why}.",
        "Late events of that time earn nothing by it. Install the app it came from again if that matters.",
    ),
    "W005": (
        "django-otp is not set up: {missing}.",
        "Add it to INSTALLED_APPS or MIDDLEWARE, so that staff can show a second factor.",
    ),
    "W006": (
        "LOYALTY['ENCRYPTION_KEYS'] is empty: tokens and card keys are encrypted under SECRET_KEY.",
        "Set keys of their own, so that SECRET_KEY can be changed without losing them.",
    ),
}  # fmt: skip

#: Nothing leaves the machine on the way to these.
_THIS_MACHINE: Final = ("localhost", "127.0.0.1", "::1")
#: Why an extension can't be asked, in words.
_WHY: Final = {
    "missing_extension": "no installed app registers it",
    "params_refused": "it refuses its parameters",
    "unreadable": "the version can't be read",
}

Message = checks.CheckMessage
Check = Callable[..., Sequence[Message]]


def register() -> None:
    """Make the checks known to Django; called once, at start."""
    for check in (check_apps, check_database_engine, check_urls, check_settings):
        checks.register(check, "loyalty")
    checks.register(check_keys, checks.Tags.security, deploy=True)
    for check in (check_database, check_versions):
        checks.register(check, checks.Tags.database)


def _message(number: str, **facts: object) -> Message:
    text, hint = (part.format(**facts) for part in MESSAGES[number])
    kind = checks.Error if number.startswith("E") else checks.Warning
    return kind(text, hint=hint, id=f"loyalty_plugin.{number}")


def check_apps(app_configs: Any = None, **_: Any) -> list[Message]:
    """The apps beside us, and the time zone switch they all live by."""
    found = []
    if not apps.is_installed("django.contrib.postgres"):
        found.append(_message("E003"))
    if not apps.is_installed("procrastinate.contrib.django"):
        found.append(_message("E004"))
    missing = [name for name in NEEDED_APPS if not apps.is_installed(name)]
    if missing:
        found.append(_message("E005", apps=", ".join(missing)))
    if not django_settings.USE_TZ:
        found.append(_message("E006"))
    if apps.is_installed("modelsearch") and apps.is_installed("wagtail.search"):
        found.append(_message("E011"))
    factor = [] if apps.is_installed("django_otp") else ["the app 'django_otp'"]
    if "django_otp.middleware.OTPMiddleware" not in django_settings.MIDDLEWARE:
        factor.append("'django_otp.middleware.OTPMiddleware'")
    if factor:
        found.append(_message("W005", missing=" and ".join(factor)))
    return found


def check_database_engine(app_configs: Any = None, **_: Any) -> list[Message]:
    """The kind of database, known without asking it."""
    return [] if connection.vendor == "postgresql" else [_message("E001", engine=connection.vendor)]


def check_database(
    app_configs: Any = None, databases: Iterable[str] | None = None, **_: Any
) -> list[Message]:
    """The server's age. A server that does not answer is for Django to tell."""
    if "default" not in (databases or ()) or connection.vendor != "postgresql":
        return []
    try:
        connection.ensure_connection()
        number = connection.connection.info.server_version
    except DatabaseError:
        return []
    return [] if number >= OLDEST_POSTGRESQL else [_message("E002", found=number // 10_000)]


def check_versions(
    app_configs: Any = None, databases: Iterable[str] | None = None, **_: Any
) -> list[Message]:
    """Published versions whose extensions are gone."""
    if "default" not in (databases or ()) or connection.vendor != "postgresql":
        return []
    try:
        with transaction.atomic():
            troubles = extension_troubles(SYSTEM, now=ports.clock.now())
    except DatabaseError:
        return []  # nothing is migrated yet
    return [
        _message(
            "E016" if trouble.level == "error" else "W004",
            **{**trouble.facts, "why": _WHY[str(trouble.facts["why"])]},
        )
        for trouble in troubles
    ]


def check_urls(app_configs: Any = None, **_: Any) -> list[Message]:
    """Whether an event sent by Saleor reaches us, whatever the language and whatever else is mounted."""
    urlconf = getattr(django_settings, "ROOT_URLCONF", None)
    if not urlconf:
        return [_message("E007", urlconf="ROOT_URLCONF")]
    try:
        paths = set(_paths())
    except NoReverseMatch:
        return [_message("E007", urlconf=urlconf)]
    if len(paths) > 1 or _under_language_prefix():
        return [_message("E008")]
    (path,) = paths
    try:
        match = resolve(path)
    except Resolver404:
        return [_message("E009", path=path, answers="nothing", urlconf=urlconf)]
    if match.app_names[:1] != ["loyalty"]:
        view = f"{match.func.__module__}.{getattr(match.func, '__qualname__', type(match.func).__name__)}"
        return [_message("E009", path=path, answers=match.view_name or view, urlconf=urlconf)]
    return []


def _paths() -> Iterator[str]:
    languages = [code for code, _name in django_settings.LANGUAGES]
    if not django_settings.USE_I18N or languages == [code for code, _name in global_settings.LANGUAGES]:
        # The project has chosen none, and all hundred of Django's would take seconds to load.
        languages = [django_settings.LANGUAGE_CODE]
    for language in languages:
        with translation.override(language):
            yield reverse(EVENTS_URL)


def _under_language_prefix() -> bool:
    return any(
        isinstance(one, URLResolver)
        and isinstance(one.pattern, LocalePrefixPattern)
        and "loyalty" in one.app_dict
        for one in get_resolver().url_patterns
    )


def check_settings(app_configs: Any = None, **_: Any) -> list[Message]:
    """The values in LOYALTY."""
    found = []
    unknown = sorted(set(getattr(django_settings, "LOYALTY", {})) - set(DEFAULTS))
    if unknown:
        found.append(_message("E013", names=", ".join(map(str, unknown))))
    found += _check_saleors(settings.SALEOR_API_URLS)
    found += _check_public_url(settings.PUBLIC_URL)
    if not all(map(_is_key, settings.ENCRYPTION_KEYS)):
        found.append(_message("E014"))
    if settings.CARD_DESIGN not in registry.card_designs:
        known = ", ".join(registry.card_designs.codes()) or "there is none"
        found.append(_message("E015", code=settings.CARD_DESIGN, known=known))
    return found


def check_keys(app_configs: Any = None, **_: Any) -> list[Message]:
    """Whether secrets at rest have keys of their own; asked only of what is deployed."""
    return [] if settings.ENCRYPTION_KEYS else [_message("W006")]


def _check_saleors(urls: Any) -> list[Message]:
    if not urls:
        return [_message("W001")]
    if isinstance(urls, str) or not isinstance(urls, Iterable):
        return [_message("E010", found=repr(urls))]
    wrong = [url for url in urls if not (_is_url(url) and url.endswith("/graphql/"))]
    return [_message("E010", found=", ".join(map(repr, wrong)))] if wrong else []


def _check_public_url(url: Any) -> list[Message]:
    if not url:
        return [_message("W002")]
    if not _is_url(url) or url.endswith("/"):
        return [_message("E012", found=repr(url))]
    if urlsplit(url).scheme != "https" and urlsplit(url).hostname not in _THIS_MACHINE:
        return [_message("W003", found=url)]
    return []


def _is_url(value: Any) -> bool:
    if not isinstance(value, str):
        return False
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_key(value: Any) -> bool:
    try:
        Fernet(value)
    except (ValueError, TypeError):
        return False
    return True
