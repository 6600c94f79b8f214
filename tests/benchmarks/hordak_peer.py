"""django-hordak doing the movements of our orders, in a process with settings of its own; prints orders a second.

`python -m tests.benchmarks.hordak_peer URL SECONDS WORKERS`. A batch is one database transaction here too, and
each order is two transfers by hordak's documented call.
"""

from __future__ import annotations

import random
import sys
import time

import django
from django.conf import settings

from tests.benchmarks.measures import processes

BATCH = 100
MEMBERS = 500


def set_up(url: str) -> None:
    """Settings, tables and accounts."""
    from sandbox.postgres import django_database

    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "djmoney", "hordak"],
        DATABASES={"default": django_database(url)},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        CURRENCIES=["EUR"],
        DEFAULT_CURRENCY="EUR",
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command
    from django.db import connections
    from hordak.models import Account, AccountType

    call_command("migrate", verbosity=0, interactive=False)
    for number in range(2 * MEMBERS + 1):
        Account.objects.create(
            name=f"account {number}", code=str(number), type=AccountType.liability, currencies=["EUR"]
        )
    connections.close_all()


def post_for(seconds: float) -> float:
    """Orders per second of this process."""
    from django.db import connections, transaction
    from hordak.models import Account
    from moneyed import Money

    connections.close_all()
    issuance, *accounts = Account.objects.order_by("pk")
    points, qualifying = accounts[:MEMBERS], accounts[MEMBERS:]
    done = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        with transaction.atomic():
            for _ in range(BATCH):
                member = random.randrange(MEMBERS)
                issuance.transfer_to(points[member], Money(120, "EUR"))
                issuance.transfer_to(qualifying[member], Money(100, "EUR"))
        done += BATCH
    connections.close_all()
    return done / spent


def main(url: str, seconds: float, workers: int) -> None:
    set_up(url)
    with processes(workers) as pool:
        print(sum(pool.map(post_for, [seconds] * workers)))


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))
