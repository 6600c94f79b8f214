"""What each rule, multiplier and refusal says of itself in words; strange codes are named, never dropped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from loyalty_plugin import registry
from loyalty_plugin.queries.explanations.numbers import (
    day_text,
    in_language,
    money_text,
    number_text,
    points_text,
)

Data = Mapping[str, Any]


def _per(data: Data, currency: str) -> str:
    return _rate(data["points"], data["per"], currency, get_language())


@lru_cache(maxsize=1_000)
def _rate(points: str | int, per: int, currency: str, language: str | None) -> str:
    """A rate in the reader's language. Said once: a programme has few, and each award repeats one."""
    return _("%(points)s per %(amount)s") % {
        "points": points_text(points),
        "amount": money_text(per, currency),
    }


def _amount(data: Data, currency: str) -> str:
    return _("for %(amount)s at %(rate)s") % {
        "amount": money_text(data["basis"], currency),
        "rate": _per(data, currency),
    }


def _amount_whole(data: Data, currency: str) -> str:
    return _("for %(amount)s at %(points)s for every full %(per)s") % {
        "amount": money_text(data["basis"], currency),
        "points": points_text(data["points"]),
        "per": money_text(data["per"], currency),
    }


def _band(data: Data, currency: str) -> str:
    if not data["from"]:
        return _amount(data, currency)
    return _("for %(amount)s at %(rate)s, the rate from %(edge)s on") % {
        "amount": money_text(data["basis"], currency),
        "rate": _per(data, currency),
        "edge": money_text(data["from"], currency),
    }


def _band_slices(data: Data, currency: str) -> str:
    return _("for %(amount)s, each part by its own band") % {"amount": money_text(data["basis"], currency)}


def _band_once(data: Data, currency: str) -> str:
    if data.get("counts") == "spend":
        return _("for purchases of %(edge)s in all") % {"edge": money_text(data["from"], currency)}
    return _("for an order from %(edge)s") % {"edge": money_text(data["from"], currency)}


def _pieces(data: Data, currency: str) -> str:
    words = ngettext(
        "for %(pieces)s chosen item at %(points)s",
        "for %(pieces)s chosen items at %(points)s each",
        data["pieces"],
    )
    return words % {"pieces": number_text(data["pieces"]), "points": points_text(data["points"])}


def _chosen(data: Data, currency: str) -> str:
    return _("for %(amount)s of chosen items at %(rate)s") % {
        "amount": money_text(data["basis"], currency),
        "rate": _per(data, currency),
    }


def _channel(data: Data, currency: str) -> str:
    return _("for %(amount)s bought here at %(rate)s") % {
        "amount": money_text(data["basis"], currency),
        "rate": _per(data, currency),
    }


def _welcome(data: Data, currency: str) -> str:
    words = {
        "joined": _("as a welcome"),
        "verified": _("as a welcome, for a verified contact"),
        "first_order": _("as a welcome, with the first order"),
    }
    return words.get(str(data.get("at")), words["joined"])


def _milestone(data: Data, currency: str) -> str:
    reached = _("for reaching %(mark)s ever earned") % {"mark": points_text(data["mark"])}
    benefit = in_language(data.get("benefit"))
    return (
        _("%(reached)s, with %(benefit)s") % {"reached": reached, "benefit": benefit} if benefit else reached
    )


def _check_in(data: Data, currency: str) -> str:
    return _("for day %(streak)s in a row") % {"streak": number_text(data["streak"])}


_RULES: dict[str, Callable[[Data, str], str]] = {
    "amount": _amount,
    "amount_whole": _amount_whole,
    "band": _band,
    "band_slices": _band_slices,
    "band_once": _band_once,
    "product": _chosen,
    "category": _chosen,
    "collection": _chosen,
    "product_piece": _pieces,
    "category_piece": _pieces,
    "collection_piece": _pieces,
    "channel": _channel,
    "channel_once": lambda data, currency: _("for buying here"),
    "welcome": _welcome,
    "birthday": lambda data, currency: _("for the birthday"),
    "milestone": _milestone,
    "check_in": _check_in,
}


def _label(kind: registry.Registry[Any], code: str) -> str:
    return str(kind.get(code).label) if code in kind else code


def rule_text(note: Data, currency: str) -> str:
    """Why a rule gave points. A rule of another app speaks by `data["text"]`, a text or texts by language."""
    words = _RULES.get(note["reason"])
    if words is not None:
        # Another app's reason may share a name with ours and hold other data.
        with suppress(KeyError):
            return words(note["data"], currency)
    own = in_language(note["data"].get("text"))
    return own or _("for %(rule)s") % {"rule": _label(registry.rules, note["code"])}


def multiplier_text(note: Data, explanation: Data) -> str:
    """A multiplier that took part, with its rate."""
    rate = number_text(note["rate"])
    names = explanation["names"]
    if note["code"] == "tier":
        tier = in_language(names["tiers"].get(explanation["tier"]), explanation["tier"])
        return _("×%(rate)s as %(tier)s") % {"rate": rate, "tier": tier}
    if note["campaign"]:
        campaign = in_language(names["campaigns"].get(note["campaign"]), note["campaign"])
        return _("×%(rate)s in “%(campaign)s”") % {"rate": rate, "campaign": campaign}
    if note["code"] == "member_day":
        return _("×%(rate)s on the member day") % {"rate": rate}
    if note["code"] == "birthday":
        return _("×%(rate)s for the birthday") % {"rate": rate}
    label = _label(registry.multipliers, note["code"])
    return _("×%(rate)s for %(what)s") % {"rate": rate, "what": label}


#: Why a rule or multiplier gave nothing, where that is worth a sentence.
WHY_NOT = {
    "another_gave_more": gettext_lazy("%(what)s: another one gave more."),
    "an_earlier_gave": gettext_lazy("%(what)s: only the first that applies counts."),
    "other_channel": gettext_lazy("%(what)s: not where this was bought."),
    "other_weekday": gettext_lazy("%(what)s: not on this day of the week."),
    "too_early": gettext_lazy("%(what)s: had not begun."),
    "too_late": gettext_lazy("%(what)s: was over."),
    "campaign_not_begun": gettext_lazy("%(what)s: had not begun."),
    "campaign_over": gettext_lazy("%(what)s: was over."),
    "unknown_campaign": gettext_lazy("%(what)s: its campaign is not part of these rules."),
    "other_tier": gettext_lazy("%(what)s: for other tiers."),
    "no_label": gettext_lazy("%(what)s: for chosen members."),
    "had_before": gettext_lazy("%(what)s: this contact has had it before."),
    "no_line": gettext_lazy("%(what)s: nothing of it in this order."),
    "missing_extension": gettext_lazy("%(what)s: could not be asked, its extension was not installed."),
    "params_refused": gettext_lazy("%(what)s: could not be asked, its extension refused its settings."),
    "offer_refused": gettext_lazy("%(what)s: left out, its extension broke its contract."),
}


def why_not_text(note: Data, kind: registry.Registry[Any], explanation: Data) -> str:
    """Why this one gave nothing; empty where it simply did not apply. A campaign is called by its name."""
    words = WHY_NOT.get(note["why_not"])
    if words is None:
        return ""
    if kind is registry.multipliers and note["why_not"] == "another_gave_more":
        # "By tier" alone says nothing to a member; "×1.5 as Premium" does.
        return str(words) % {"what": multiplier_text(note, explanation)}
    name = in_language(explanation["names"]["campaigns"].get(note["campaign"])) if note["campaign"] else ""
    return str(words) % {"what": name or _label(kind, note["code"])}


#: What the basis left out.
LEFT_OUT = {
    "shipping": gettext_lazy("Shipping does not count: %(amount)s."),
    "gift_card_lines": gettext_lazy("Buying a gift card does not count: %(amount)s."),
    "member_priced": gettext_lazy("What was bought at a member price does not count: %(amount)s."),
    "gift_card_paid": gettext_lazy("What was paid with a gift card does not count: %(amount)s."),
    "given_paid": gettext_lazy("What was paid with points or bonus does not count: %(amount)s."),
    "by_hand": gettext_lazy("What staff declared as paid does not count: %(amount)s."),
}


def hint_text(hint: Data, explanation: Data) -> str:
    """What would have given more. A hint of another app speaks by `data["text"]`."""
    data, currency = hint["data"], explanation["currency"]
    match hint["kind"]:
        case "next_tier":
            tier = in_language(explanation["names"]["tiers"].get(data["tier"]), data["tier"])
            words = {"tier": tier, "points": points_text(data["points"])}
            return _("As %(tier)s this would have been %(points)s.") % words
        case "next_band":
            words = {
                "missing": money_text(data["missing"], currency),
                "points": _per(data, currency) if "per" in data else points_text(data["points"]),
                "edge": money_text(data["from"], currency),
            }
            return _("%(missing)s more reaches the next band: %(points)s from %(edge)s on.") % words
        case "least_amount":
            words = {
                "missing": money_text(data["missing"], currency),
                "least": money_text(data["least"], currency),
            }
            return _("%(missing)s more and it counts: orders earn from %(least)s on.") % words
        case "member_day":
            words = {"day": day_text(data["day"]), "rate": number_text(data["rate"])}
            return _("The next member day is %(day)s: ×%(rate)s.") % words
        case "tomorrow":
            return _("Come back tomorrow for %(points)s.") % {"points": points_text(data["points"])}
        case _:
            return in_language(data.get("text"))
