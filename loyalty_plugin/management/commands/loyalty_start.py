"""Starts a programme from a preset: a draft to look over, or published at once; changes no programme there is."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.text import slugify
from django.utils.translation import gettext as _

from loyalty_plugin.builtin.presets import PRESETS, preset
from loyalty_plugin.domain.actors import SYSTEM
from loyalty_plugin.errors import InvalidDraft, LoyaltyError
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.registry import ports
from loyalty_plugin.services import programmes


class Command(BaseCommand):
    """`manage.py loyalty_start fashion --name "Circle" --currency EUR --timezone Europe/Berlin --publish`"""

    help = _("Start a membership programme from a preset.")

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("preset", nargs="?", choices=sorted(PRESETS), help=_("which preset"))
        parser.add_argument("--list", action="store_true", help=_("say what the presets are"))
        parser.add_argument("--name", help=_("name of the programme"))
        parser.add_argument("--currency", help=_("three letters, such as EUR"))
        parser.add_argument("--timezone", default="UTC", help=_("such as Europe/Berlin"))
        parser.add_argument("--saleor", default="", help=_("API URL of the Saleor, if there are several"))
        parser.add_argument("--channel", action="append", default=[], help=_("slug of a channel it serves"))
        parser.add_argument("--publish", action="store_true", help=_("put it in force at once"))

    def handle(self, *args: Any, **options: Any) -> None:
        if options["list"] or not options["preset"]:
            for one in PRESETS.values():
                self.stdout.write(f"{one.code:10} {one.label}: {one.description}")
            return
        missing = [name for name in ("name", "currency") if not options[name]]
        if missing:
            raise CommandError(_("Say also: %(names)s") % {"names": ", ".join(f"--{n}" for n in missing)})
        try:
            self._start(options)
        except InvalidDraft as error:
            for problem in error.details.get("problems", ()):  # type: ignore[attr-defined]
                self.stderr.write(f"  {problem['path']}: {problem['problem']}")
            raise CommandError(_("The draft can't be published as it is; it is kept.")) from error
        except LoyaltyError as error:
            raise CommandError(f"{error.code}: {error.details}") from error

    def _start(self, options: dict[str, Any]) -> None:
        now = ports.clock.now()
        code = slugify(options["name"]) or "programme"
        if Programme.objects.filter(code=code).exists():
            raise CommandError(_("There is a programme of that name already: %(code)s") % {"code": code})
        realm = self._realm(options["saleor"]) if options["channel"] else None
        draft = programmes.create_programme(
            SYSTEM,
            code=code,
            name=options["name"],
            currency=options["currency"].upper(),
            timezone=options["timezone"],
            document=preset(options["preset"]).build(options["currency"].upper()),
            now=now,
        )
        if realm is not None:
            programmes.serve_channels(
                SYSTEM,
                programme_id=draft.programme_id,
                realm_id=realm.pk,
                slugs=options["channel"],
                now=now,
            )
        if options["publish"]:
            programmes.publish(SYSTEM, version_id=draft.pk, now=now)
            self.stdout.write(_("%(name)s is published and in force.") % {"name": options["name"]})
        else:
            self.stdout.write(
                _("%(name)s waits as a draft: look it over in the admin, then publish it.")
                % {"name": options["name"]}
            )

    def _realm(self, url: str) -> Realm:
        rows = Realm.objects.filter(api_url=url) if url else Realm.objects.all()
        if rows.count() != 1:
            raise CommandError(_("Say which Saleor with --saleor URL; connect it first if there is none."))
        return rows.get()
