"""Does once whatever the workers would do by their schedule: for shops that have cron and no worker."""

from __future__ import annotations

import sys
import traceback
from typing import Any

from django.core.management.base import BaseCommand
from procrastinate.contrib.django import app

from loyalty_plugin import jobs

#: What came from outside first, what follows from it after, the chain last.
ORDER = (
    jobs.HOUSEKEEPING,
    jobs.CONNECTIONS,
    jobs.DRAIN_INBOX,
    jobs.RECONCILE,
    jobs.LOOK_AGAIN,
    jobs.CLAIM_ORDERS,
    jobs.RELEASE_HOLDS,
    jobs.MATURE,
    jobs.EXPIRE,
    jobs.TIERS,
    jobs.BIRTHDAYS,
    jobs.QUOTE_AGAIN,
    jobs.PREVIEWS,
    jobs.PAST_POINTS,
    jobs.DELIVER_OUTBOX,
    jobs.SEAL,
)


class Command(BaseCommand):
    help = "Do everything that is due, once. Call it from cron every few minutes where no worker runs."

    def handle(self, *args: Any, **options: Any) -> None:
        failed = []
        for name in ORDER:
            try:
                app.tasks[name]()
            except Exception:
                failed.append(name)
                self.stderr.write(traceback.format_exc())
            else:
                if options["verbosity"] > 1:
                    self.stdout.write(name)
        if failed:
            self.stderr.write(self.style.ERROR(f"Failed: {', '.join(failed)}. The others were done."))
            sys.exit(1)
