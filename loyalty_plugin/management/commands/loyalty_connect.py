"""Connects this shop to a Saleor: tells what is asked for, has the App installed, and has Saleor prove the way back.

Who acts is a member of Saleor's staff, by SALEOR_TOKEN or by SALEOR_EMAIL and SALEOR_PASSWORD of the environment, or
by a prompt: never by the command line, which every process of the machine may read. Run again, it mends.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from getpass import getpass
from typing import Any, Final

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from loyalty_plugin.admin.advice import told
from loyalty_plugin.conf import settings
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import LeaseTaken, LoyaltyError, SaleorError, TokenRefused
from loyalty_plugin.management import reaching
from loyalty_plugin.models.inbox import InboxItem
from loyalty_plugin.models.realms import Installation, Realm
from loyalty_plugin.queries.realms import SKEW, standings
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor import proving
from loyalty_plugin.saleor.manifest import wanted
from loyalty_plugin.saleor.obstacles import Cause
from loyalty_plugin.saleor.staff import TRIALS, Staff
from loyalty_plugin.saleor.subscriptions import WEBHOOKS
from loyalty_plugin.services.realms import set_live

#: An installation takes about a second; one whose failure is too long for Saleor's own table never ends.
INSTALL_SECONDS: Final = 90.0
#: Saleor sends at once, and again after ten seconds and after thirty.
EVENT_SECONDS: Final = 45.0
_POLL: Final = 0.25


class Command(BaseCommand):
    """`SALEOR_TOKEN=… manage.py loyalty_connect https://saleor.example/graphql/`"""

    help = _("Connect this shop to a Saleor, or mend the connection, and prove that its events come.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "url", nargs="?", default="", help=_("API URL of the Saleor, if there are several")
        )
        parser.add_argument(
            "--dry-run", action="store_true", help=_("tell what would be asked for, and stop")
        )
        parser.add_argument(
            "--replace",
            action="store_true",
            help=_("delete the App there if its token is not ours, and install it anew"),
        )
        parser.add_argument(
            "--staging",
            action="store_true",
            help=_("it is a copy that repeats another's ids: book nothing it tells"),
        )
        parser.add_argument(
            "--new-secret", action="store_true", help=_("give the webhooks another secret while at it")
        )

    def handle(self, *args: Any, **options: Any) -> None:
        url = self._url(options["url"])
        manifest, events = self._addresses()
        self._tell(url, manifest, events)
        self._knock(events, manifest)
        if options["dry_run"]:
            self._line(_("Nothing was changed."))
            return
        try:
            staff = self._staff(url)
            if options["staging"]:
                # Before the first event can come.
                realm, _new = Realm.objects.get_or_create(api_url=url)
                set_live(SYSTEM, realm_id=realm.pk, live=False, now=ports.clock.now())
            self._install(staff, manifest, replace=options["replace"])
            if options["new_secret"]:
                ports.connection.renew_secret(url, now=ports.clock.now())
            self._secure(url)
            self._prove(staff, events)
        except SaleorError as error:
            raise CommandError(_words(error)) from error
        except LoyaltyError as error:
            raise CommandError(f"{error.code}: {error.details or ''}") from error
        self._finish(url)

    # -- what it is about ----------------------------------------------------------------------------------------
    def _url(self, given: str) -> str:
        listed = list(settings.SALEOR_API_URLS)
        url = given or (listed[0] if len(listed) == 1 else "")
        if not url:
            raise CommandError(_("Say which Saleor: %(urls)s") % {"urls": ", ".join(listed) or "URL"})
        if url not in listed:
            raise CommandError(
                _("This shop does not expect %(url)s. Add it to the settings first:\n  %(line)s")
                % {"url": url, "line": f'LOYALTY["SALEOR_API_URLS"] = {[*listed, url]!r}'}
            )
        return url

    def _addresses(self) -> tuple[str, str]:
        if not settings.PUBLIC_URL:
            raise CommandError(
                _("Set LOYALTY['PUBLIC_URL'] to the address at which Saleor reaches this site.")
            )
        try:
            paths = [reverse(f"loyalty:saleor:{name}") for name in ("manifest", "events")]
        except NoReverseMatch:
            raise CommandError(_("The plugin's addresses are not mounted. Run: loyalty_doctor")) from None
        return settings.PUBLIC_URL + paths[0], settings.PUBLIC_URL + paths[1]

    def _tell(self, url: str, manifest: str, events: str) -> None:
        self._line(_("Saleor        %(url)s") % {"url": url})
        self._line(_("This shop     %(url)s") % {"url": settings.PUBLIC_URL})
        self._line(_("Manifest      %(url)s") % {"url": manifest})
        self._line(_("Events go to  %(url)s") % {"url": events})
        self._line("")
        self._line(_("It asks for these permissions:"))
        for code, why in wanted().items():
            self._line(f"  {code:18} {why}")
        self._line(_("and listens with these webhooks:"))
        for one in WEBHOOKS:
            names = ", ".join(event.name for event in one.events)
            self._line(f"  {one.identifier:18} {names}")
        self._line("")

    def _knock(self, events: str, manifest: str) -> None:
        """From here, before anything is changed. What is away from here may be in reach of Saleor all the same."""
        for code, facts in reaching.obstacles(events, manifest):
            if code != "url_away":
                raise CommandError(_advised((code, facts)))
            self.stdout.write(self.style.WARNING(f"! {_advised((code, facts))}"))

    # -- who acts ------------------------------------------------------------------------------------------------
    def _staff(self, url: str) -> Staff:
        if token := os.environ.get("SALEOR_TOKEN"):
            return Staff(url, token)
        email, password = os.environ.get("SALEOR_EMAIL"), os.environ.get("SALEOR_PASSWORD")
        if not (email and password):
            if not sys.stdin.isatty():
                raise CommandError(
                    _("Set SALEOR_TOKEN, or SALEOR_EMAIL and SALEOR_PASSWORD, in the environment.")
                )
            email = email or input(_("E-mail of a member of staff who may manage Apps: "))
            password = getpass(_("Password: "))
        try:
            return Staff.signed_in(url, email, password)
        except TokenRefused:
            raise CommandError(_("Saleor does not know this e-mail and password.")) from None

    # -- the steps -----------------------------------------------------------------------------------------------
    def _install(self, staff: Staff, manifest: str, *, replace: bool) -> None:
        app = staff.app()
        now = ports.clock.now()
        if app is not None:
            if not app["isActive"]:
                staff.activate(app["id"])
                self._done(_("The App was deactivated; it is active again."))
            if _state(staff.api_url, now) in ("active", "securing"):
                self._done(_("The App is installed already."))
                self._grant(staff, app)
                return
            if not replace:
                raise CommandError(
                    _(
                        "The App is installed there, but its token is not ours: another shop uses it, or a database was "
                        "restored. If it is this shop's, run this again with --replace."
                    )
                )
            staff.delete(app["id"])
            self._done(_("The old App was deleted."))
        if failure := staff.install(manifest, list(wanted()), seconds=INSTALL_SECONDS):
            raise CommandError(_("Saleor could not install the App: %(why)s") % {"why": failure})
        self._done(_("The App is installed."))

    def _grant(self, staff: Staff, app: Mapping[str, Any]) -> None:
        """What a newer version needs, or what was left out: it was shown above, and who acts agrees by acting."""
        held = {one["code"] for one in app["permissions"]}
        if missing := sorted(set(wanted()) - held):
            staff.grant(app["id"], held | set(wanted()))
            self._done(_("It may do more now: %(codes)s.") % {"codes": ", ".join(missing)})

    def _secure(self, url: str) -> None:
        # The proof comes below; and a worker may be at the same just now, which does the same.
        Installation.objects.filter(realm__api_url=url, proof_asked_at=None).update(
            proof_asked_at=ports.clock.now()
        )
        _until(lambda: _mended(url), INSTALL_SECONDS)
        self._done(_("Its webhooks are as they are to be, each with this shop's secret."))

    def _prove(self, staff: Staff, events: str) -> None:
        app = staff.app()
        row = Installation.objects.filter(realm__api_url=staff.api_url).order_by("-pk").first()
        if app is None or row is None:
            raise CommandError(_("The App vanished meanwhile. Run this again."))
        known = (
            InboxItem.objects.filter(installation=row).order_by("-pk").values_list("pk", flat=True).first()
        )
        since = known or 0
        Installation.objects.filter(pk=row.pk).update(proof_asked_at=ports.clock.now())
        began = time.monotonic()
        webhook = staff.trigger(app)

        def came() -> bool:
            return InboxItem.objects.filter(installation=row, pk__gt=since, event__in=TRIALS).exists()

        causes: list[Cause] = []

        def settled() -> bool:
            if came():
                return True
            causes[:] = [c for c in (proving.obstacle(d, events) for d in staff.deliveries(webhook)[:1]) if c]
            return bool(causes)

        if not _until(settled, EVENT_SECONDS) or (causes and not came()):
            raise CommandError(self._why(causes, staff, events))
        self._done(_("Saleor sent an event and it came (%(s).1f s).") % {"s": time.monotonic() - began})

    def _why(self, causes: list[Cause], staff: Staff, events: str) -> str:
        if causes:
            return _advised(causes[0])
        if abs(staff.skew) > SKEW:
            return _advised(("clock_skew", {"saleor": staff.api_url, "seconds": staff.skew}))
        return _advised(("events_unsent", {"saleor": staff.api_url, "url": events}))

    def _finish(self, url: str) -> None:
        for standing in standings(SYSTEM, now=ports.clock.now(), permissions=wanted().keys()):
            if standing.api_url == url:
                for one in standing.troubles:
                    self.stdout.write(self.style.WARNING(f"! {_advised((one.code, dict(one.facts)))}"))
        self._line("")
        self._line(self.style.SUCCESS(_("%(url)s is connected.") % {"url": url}))
        if not Realm.objects.filter(api_url=url, live=True).exists():
            self._line(_("It is taken for a staging copy: nothing it tells is booked."))

    def _line(self, text: str) -> None:
        self.stdout.write(text)

    def _done(self, text: str) -> None:
        self.stdout.write(f"{self.style.SUCCESS('✓')} {text}")


def _state(url: str, now: datetime) -> str:
    return str(ports.connection.review(url, now=now))


def _mended(url: str) -> bool:
    try:
        return ports.connection.mend(url, now=ports.clock.now()) == Installation.State.ACTIVE
    except LeaseTaken:
        return False


def _until(ready: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() >= until:
            return False
        time.sleep(_POLL)
    return True


def _advised(found: Cause) -> str:
    what, step = told(found[0], {"manifest": "", **found[1]})
    return f"{what}\n→ {step}"


def _words(error: SaleorError) -> str:
    """What Saleor said, without what we sent."""
    errors = error.details.get("errors")
    said = [str(one["message"] or one["code"]) for one in errors] if isinstance(errors, list) else []
    if any("permission" in text.lower() for text in said):
        return _("This member of staff may not do that in Saleor: %(said)s") % {"said": "; ".join(said)}
    return _("Saleor refused: %(said)s") % {"said": "; ".join(said) or error.details.get("status", "")}
