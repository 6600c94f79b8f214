"""What can come of a received event, as frozen values; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

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
