"""What can come of a received event, as frozen values; decides nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from loyalty_plugin.models.inbox import InboxItem


@dataclass(frozen=True, slots=True)
class Outcome:
    """`status` as on the inbox row, `code` stable and short; `counts`: a failed try of its own making."""

    status: str
    code: str = ""
    counts: bool = False


def done(code: str = "") -> Outcome:
    """Acted on, or found to be as it should."""
    return Outcome(InboxItem.Status.DONE, code[:40])


def ignored(code: str) -> Outcome:
    """Nothing to do."""
    return Outcome(InboxItem.Status.IGNORED, code[:40])


def retried(code: str, *, counts: bool = True) -> Outcome:
    """To be tried again; an outage elsewhere does not count as a try."""
    return Outcome(InboxItem.Status.NEW, code[:40], counts)


def together(outcomes: Iterable[tuple[int, Outcome]]) -> dict[int, Outcome]:
    """One outcome for each received event, of all the things it named: what must be tried again comes first."""
    found: dict[int, Outcome] = {}
    for item_id, outcome in outcomes:
        if item_id not in found or _weight(outcome) > _weight(found[item_id]):
            found[item_id] = outcome
    return found


def _weight(outcome: Outcome) -> tuple[int, bool]:
    return _WEIGHTS.index(outcome.status), outcome.counts


_WEIGHTS: Final = (InboxItem.Status.IGNORED, InboxItem.Status.DONE, InboxItem.Status.NEW)
