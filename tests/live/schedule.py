"""Takes from the clock, while scenarios are played, the jobs that find what a scenario breaks; it begins none itself."""

from __future__ import annotations

from procrastinate import App

from loyalty_plugin import jobs

#: They mend or compare what a scenario has broken on purpose, at a minute of their own: before it could be looked at.
#: A scenario has them done where it wants them, by the commands a shop has.
ASKED_FOR = (jobs.CONNECTIONS, jobs.RECONCILE)


def by_hand(app: App) -> None:
    """Forget when these are due; a worker does them all the same where somebody asks."""
    registry = app.periodic_registry.periodic_tasks
    for name in ASKED_FOR:
        for key in [key for key in registry if key[0] == name]:
            del registry[key]
