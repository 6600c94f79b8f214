"""Encrypts every stored secret anew under the newest key, so that old keys can be taken away; shows none of them."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from loyalty_plugin.services.rekeying import rekey


class Command(BaseCommand):
    """`manage.py loyalty_rekey`, after a key was put in front of LOYALTY["ENCRYPTION_KEYS"]"""

    help = _("Encrypt every stored token and secret anew under the newest key.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = rekey()
        except ImproperlyConfigured as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            ngettext(
                "%(count)d secret is under the newest key.",
                "%(count)d secrets are under the newest key.",
                count,
            )
            % {"count": count}
        )
