"""Errors, outcomes and states of the back office in words a person understands; it decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from loyalty_plugin.domain.limits import Excess
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.queries.explanations.numbers import money_text, whole_text

#: States of rows as chips: the words, and the class of what is in force or wants attention.
CHIPS: Final[dict[str, tuple[Any, str]]] = {
    "active": (gettext_lazy("active"), "w-status--primary"),
    "frozen": (gettext_lazy("frozen"), ""),
    "erased": (gettext_lazy("erased"), ""),
    "waiting": (gettext_lazy("waiting"), "w-status--primary"),
    "approved": (gettext_lazy("approved"), ""),
    "rejected": (gettext_lazy("rejected"), ""),
    "withdrawn": (gettext_lazy("withdrawn"), ""),
    "expired": (gettext_lazy("ran out"), ""),
    "open": (gettext_lazy("open"), "w-status--primary"),
    "closed": (gettext_lazy("closed"), ""),
    "draft": (gettext_lazy("draft"), ""),
    "published": (gettext_lazy("published"), "w-status--primary"),
    "proposed": (gettext_lazy("not done yet"), "w-status--primary"),
    "applied": (gettext_lazy("done"), ""),
    "undone": (gettext_lazy("undone"), ""),
    "planned": (gettext_lazy("published, begins later"), ""),
    "over": (gettext_lazy("replaced"), ""),
    "in_force": (gettext_lazy("in force"), "w-status--primary"),
    "running": (gettext_lazy("running"), "w-status--primary"),
    "ready": (gettext_lazy("ready"), "w-status--primary"),
    "used": (gettext_lazy("used"), ""),
    "refused": (gettext_lazy("refused"), ""),
    "stopped": (gettext_lazy("stopped"), "lp-critical"),
    "done": (gettext_lazy("done"), ""),
    "failed": (gettext_lazy("failed"), "lp-critical"),
    "new": (gettext_lazy("new"), "w-status--primary"),
    "ignored": (gettext_lazy("nothing to do"), ""),
    "obsolete": (gettext_lazy("replaced by a later one"), ""),
    "replaced": (gettext_lazy("replaced"), ""),
    "blocked": (gettext_lazy("blocked"), "lp-critical"),
    "lost": (gettext_lazy("lost"), "lp-critical"),
    "staging": (gettext_lazy("staging: nothing is booked"), ""),
    "unconnected": (gettext_lazy("not connected"), ""),
    "limping": (gettext_lazy("works, with something to do"), ""),
    "broken": (gettext_lazy("needs mending"), "lp-critical"),
    "reserved": (gettext_lazy("reserved"), "w-status--primary"),
    "leaving": (gettext_lazy("being released"), ""),
    "charged": (gettext_lazy("charged"), "w-status--primary"),
    "released": (gettext_lazy("released"), ""),
}


def chip(state: str) -> SafeString:
    """A state as a word in Wagtail's status tag."""
    label, kind = CHIPS.get(state, (state, ""))
    return format_html('<span class="w-status{}">{}</span>', f" {kind}" if kind else "", label)


#: How an act ended.
OUTCOMES: Final[dict[str, Any]] = {
    "posted": gettext_lazy("Posted"),
    "done": gettext_lazy("Done"),
    "asked": gettext_lazy("Waits for another person"),
    "approved": gettext_lazy("Approved"),
    "rejected": gettext_lazy("Rejected"),
    "withdrawn": gettext_lazy("Withdrawn"),
    "expired": gettext_lazy("Ran out"),
    "frozen": gettext_lazy("Frozen"),
    "accepted": gettext_lazy("Accepted"),
}

#: Why an event from Saleor or a change to it failed, by its code.
FAULTS: Final[dict[str, Any]] = {
    "order_gone": gettext_lazy("Saleor does not have this order any more."),
    "not_charged": gettext_lazy("No single payment of this order is as large. Grant it in Saleor, in parts."),
    "granted_otherwise": gettext_lazy(
        "Another amount was granted for this before. Grant more in Saleor itself."
    ),
    "saleor_error": gettext_lazy("Saleor refused it."),
    "saleor_unreachable": gettext_lazy("Saleor did not answer."),
    "app_token_dead": gettext_lazy("Saleor no longer knows our App. Install it anew."),
    "lease_taken": gettext_lazy("Something else was at work on the same thing."),
    "unknown_channel": gettext_lazy("No programme serves its channel."),
    "try_later": gettext_lazy("Something it needs was away."),
}

#: The doors acts come in by.
DOORS: Final[dict[str, Any]] = {
    "admin": gettext_lazy("Back office"),
    "graphql": gettext_lazy("Shop"),
    "rest": gettext_lazy("REST"),
    "job": gettext_lazy("Job"),
    "terminal": gettext_lazy("Terminal"),
    "saleor": gettext_lazy("Saleor"),
}

OPERATIONS: Final[dict[str, Any]] = {
    "points.adjust": gettext_lazy("Adjust points"),
    "points.undo": gettext_lazy("Adjustment taken back"),
    "award": gettext_lazy("Award above the programme's maximum"),
    "member.join": gettext_lazy("Joined"),
    "member.verify": gettext_lazy("Contact verified"),
    "member.edit": gettext_lazy("Record changed"),
    "member.birthday": gettext_lazy("Birthday changed"),
    "member.leave": gettext_lazy("Account closed"),
    "member.erase": gettext_lazy("Member erased"),
    "order.hand_paid": gettext_lazy("Money paid by hand"),
    "orders.claim": gettext_lazy("Guest orders credited"),
    "tier.grant": gettext_lazy("Tier given"),
    "card.issue": gettext_lazy("Card issued"),
    "card.rotate_key": gettext_lazy("Card key changed"),
    "programme.create": gettext_lazy("Programme created"),
    "programme.draft": gettext_lazy("Draft saved"),
    "programme.publish": gettext_lazy("Version published"),
    "programme.losers": gettext_lazy("List of members who would lose downloaded"),
    "programme.channels": gettext_lazy("Channels changed"),
    "realm.compare": gettext_lazy("Comparison with a Saleor asked for"),
    "order.gone": gettext_lazy("Order that is gone settled"),
    "realm.reconciled": gettext_lazy("Said that a Saleor is reconciled"),
    "realm.keys_accepted": gettext_lazy("Accepted a Saleor's new keys"),
    "realm.live": gettext_lazy("Made a Saleor count, or not"),
    "points.clear": gettext_lazy("Points cleared"),
    "points.bring_back": gettext_lazy("Points brought back"),
    "incident.hold": gettext_lazy("Order held back"),
    "incident.cancel": gettext_lazy("Order cancelled"),
    "incident.refund": gettext_lazy("Refund granted"),
    "incident.contact": gettext_lazy("Customer contacted"),
    "incident.confirm": gettext_lazy("Order confirmed all the same"),
    "incident.close": gettext_lazy("Incident closed"),
    "realm.mode": gettext_lazy("How member prices are guarded changed"),
    "event.replay": gettext_lazy("Event done again"),
    "price_list.create": gettext_lazy("Price list made"),
    "price_list.propose": gettext_lazy("Change of prices proposed"),
    "price_list.change": gettext_lazy("Prices changed"),
    "price_list.undo": gettext_lazy("Change of prices undone"),
    "points.past": gettext_lazy("Points for past orders"),
    "points.past_list": gettext_lazy("List of points for past orders downloaded"),
    "backfill.customers": gettext_lazy("Earlier customers brought in"),
    "backfill.orders": gettext_lazy("Earlier orders brought in"),
}

KINDS: Final[dict[str, Any]] = {
    "earn": gettext_lazy("Purchase"),
    "bonus": gettext_lazy("Bonus"),
    "mature": gettext_lazy("Now available"),
    "refund": gettext_lazy("Refund"),
    "spend": gettext_lazy("Spent"),
    "hold": gettext_lazy("Reserved"),
    "capture": gettext_lazy("Spent"),
    "release": gettext_lazy("No longer reserved"),
    "give_back": gettext_lazy("Given back"),
    "expire": gettext_lazy("Expired"),
    "bring_back": gettext_lazy("Brought back"),
    "clear": gettext_lazy("Cleared"),
    "adjust": gettext_lazy("Adjusted by staff"),
    "reverse": gettext_lazy("Taken back"),
    "opening": gettext_lazy("Opening balance"),
}


def points(number: int) -> str:
    """ "1,200 points"."""
    return ngettext("%(n)s point", "%(n)s points", abs(number)) % {"n": signed(number)}


def asked(amount: int, unit: str) -> str:
    """What a request is about: points, or money in a currency."""
    return points(amount) if unit == "points" else money_text(amount, unit)


def signed(number: int) -> str:
    """A grouped number; a negative one has a true minus sign."""
    text = whole_text(abs(number))
    return f"−{text}" if number < 0 else text


def over_limit(which: str, limit: int, used: int) -> str:
    """Which limit an adjustment goes above, with its numbers."""
    if which == "daily":
        return _("You may adjust up to %(limit)s a day; %(used)s are used.") % {
            "limit": points(limit),
            "used": signed(used),
        }
    if which == "past":
        return _("You may accept up to %(limit)s for past orders alone.") % {"limit": points(limit)}
    if which == "hard_maximum":
        return _("The programme pays at most %(limit)s at once by itself.") % {"limit": points(limit)}
    return _("You may adjust up to %(limit)s at once.") % {"limit": points(limit)}


def becomes_request(excess: Excess) -> str:
    """What happens instead, and who could allow it."""
    return "{} {}".format(
        over_limit(excess.which, excess.limit, excess.used), _("This becomes a request to a manager.")
    )


def why_it_waits(cause: Mapping[str, Any]) -> str:
    """The limit a request went above, or what else asks for a second person."""
    if cause.get("which") == "second_person":
        return _("The adjustment took a second person, so taking it back takes one, too.")
    if cause.get("which") == "hand_paid":
        return _hand_paid(cause)
    if cause.get("which") == "hand_paid_day":
        room = _("Within a day %(limit)s may count without asking; %(used)s were counted already.") % {
            "limit": money_text(int(cause["limit"]), str(cause["unit"])),
            "used": money_text(int(cause["used"]), str(cause["unit"])),
        }
        return f"{_hand_paid(cause)} {room}"
    if cause.get("which") == "refund":
        return _refund(cause)
    if cause.get("which") == "past_points":
        return _(
            "%(orders)s orders of %(members)s members from before the programme. One person may accept up to %(limit)s."
        ) % {
            "orders": signed(int(cause["orders"])),
            "members": signed(int(cause["members"])),
            "limit": points(int(cause["limit"])),
        }
    limit = cause.get("limit", cause.get("ceiling"))
    return over_limit(str(cause.get("which", "")), int(limit), int(cause.get("used", 0))) if limit else ""


def _hand_paid(cause: Mapping[str, Any]) -> str:
    return _(
        "Order %(order)s was declared as paid, and no payment App saw the money. Did it come in? Then the order earns."
    ) % {"order": cause.get("order", "")}


def _refund(cause: Mapping[str, Any]) -> str:
    limit = money_text(int(cause["limit"]), str(cause["unit"]))
    if cause.get("daily"):
        words = _("For order %(order)s, which differs. One person may grant up to %(limit)s a day.")
    else:
        words = _("For order %(order)s, which differs. One person may grant up to %(limit)s at once.")
    return words % {"order": cause.get("order", ""), "limit": limit}


def _granted(details: Mapping[str, Any]) -> str:
    return _("%(amount)s were granted for this already, or wait to be. Grant more in Saleor itself.") % {
        "amount": money_text(int(details["amount"]), str(details["currency"]))
    }


def _insufficient(details: Mapping[str, Any]) -> str:
    return _("Only %(available)s are available, so this many can't be taken.") % {
        "available": points(int(details.get("available", 0)))
    }


def _limit(details: Mapping[str, Any]) -> str:
    return over_limit(str(details["which"]), int(details["limit"]), int(details["used"]))


def _denied(details: Mapping[str, Any]) -> str:
    if details.get("reason") == "unmapped_account":
        return _(
            "Your account is not linked to a person yet, so it can't approve or ask. Ask an owner to link it."
        )
    return _("Your role does not include this. Ask a manager or an owner.")


def _same_person(details: Mapping[str, Any]) -> str:
    if details.get("reason") == "own_membership":
        return _("This is your own membership. Somebody else has to do it.")
    return _("You asked for this yourself. Another person has to decide.")


def _closed(details: Mapping[str, Any]) -> str:
    return _("This request is already closed: %(state)s.") % {
        "state": CHIPS.get(str(details.get("status")), (details.get("status"), ""))[0]
    }


def _in_use(details: Mapping[str, Any]) -> str:
    if details.get("unit") == "points":
        return _(
            "%(points)s are reserved for an open checkout. Wait until it is finished or has run out."
        ) % {"points": points(int(details.get("amount", 0)))}
    return _("There is still money on this account. Pay it back first.")


def _out_of_range(details: Mapping[str, Any]) -> str:
    if "latest" not in details:
        return _("This date is out of range.")
    latest = localtime(datetime.fromisoformat(str(details["latest"])))
    return _("It can't begin in the past, nor before the version published last begins: %(day)s.") % {
        "day": date_format(latest, "DATETIME_FORMAT")
    }


_SENTENCES: Final[dict[str, Callable[[Mapping[str, Any]], str]]] = {
    "insufficient": _insufficient,
    "limit_exceeded": _limit,
    "permission_denied": _denied,
    "second_factor_required": lambda _d: _("Confirm with your second factor first."),
    "same_person": _same_person,
    "request_closed": _closed,
    "already_granted": _granted,
    "invalid_amount": lambda _d: _("Enter a whole number of points other than zero, below nine quadrillion."),
    "invalid_input": lambda _d: _("Something in the form is not valid."),
    "invalid_draft": lambda _d: _("This draft contradicts itself. Each problem is listed below."),
    "date_out_of_range": _out_of_range,
    "already_published": lambda _d: _("This version is published and can't change. Make a new draft."),
    "past_cost_changed": lambda _d: _(
        "Nothing was accepted: past orders came or went since this was worked out. Work it out anew, then look again."
    ),
    "preview_needed": lambda _d: _(
        "Not published yet: what this draft would do from that day on is shown only now. Look it over, then publish."
    ),
    "price_file_refused": lambda d: (
        _("Nothing was changed: the file has rows that can't be right. Mend them, then send the file again.")
        if d.get("faults")
        else _("This file can't be read. Send a CSV file in UTF-8 or an XLSX file of at most 20 MB.")
    ),
    "price_list_changed": lambda _d: _(
        "Nothing was changed: prices of this list were changed since this was shown. Send the file again."
    ),
    "key_conflict": lambda _d: _("This form was sent before with other values. Open it again."),
    "unknown_member": lambda _d: _("There is no such member."),
    "unknown_programme": lambda _d: _("There is no such programme, or it has no published version."),
    "unknown_currency": lambda _d: _("Use a currency code of three letters, such as EUR."),
    "not_found": lambda _d: _("This is no longer there."),
    "value_in_use": _in_use,
    "membership_erased": lambda _d: _("This customer's membership was erased."),
    "already_member": lambda _d: _("This contact belongs to another member already."),
    "award_needs_approval": lambda _d: _("This is above the programme's maximum and waits for a person."),
    "try_later": lambda _d: _("This can't be done at the moment. Try again in a minute."),
    "saleor_unreachable": lambda _d: _("Saleor does not answer. Try again in a minute."),
}


def sentence(error: LoyaltyError) -> str:
    """What was wrong and what to do, for a person."""
    known = _SENTENCES.get(error.code)
    return known(error.details) if known else _("This was refused (%(code)s).") % {"code": error.code}
