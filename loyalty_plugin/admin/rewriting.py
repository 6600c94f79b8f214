"""Finds the main terms in a document's data and writes new ones in their place; asks no form and judges nothing."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Mapping
from typing import Any

from django.utils.translation import get_language

from loyalty_plugin.domain.values import Money, parse_rate


def first(entries: Any, kind: str, code: str) -> dict[str, Any] | None:
    """The first entry of a list that uses this extension."""
    return next((one for one in entries or [] if one.get(kind) == code), None)


def tag_read(texts: Mapping[str, str]) -> str:
    """The language tag of the text this reader sees."""
    wanted = (get_language() or "en").lower()
    tags = {tag.lower().replace("_", "-"): tag for tag in texts}
    while wanted:
        if wanted in tags:
            return tags[wanted]
        wanted = wanted.rpartition("-")[0]
    return tags.get("en") or next(iter(texts), "en")


def only_condition(tier: Mapping[str, Any], rule: str) -> dict[str, Any] | None:
    """The single condition of an entry or keep rule, None where it says more than one field can."""
    ways = tier.get(rule) or []
    one = ways[0][0] if len(ways) == 1 and len(ways[0]) == 1 else None
    return one if one is not None and one["metric"] in ("spend", "qualifying", "orders") else None


def whole_floor(prices: Mapping[str, Any]) -> dict[str, Any] | None:
    """The one floor that is every product's, None where there is none or more than one."""
    found = [
        one
        for one in prices.get("floors") or []
        if not (one.get("products") or one.get("categories") or one.get("collections"))
    ]
    return found[0] if len(found) == 1 else None


def rewritten(document: Mapping[str, Any], data: Mapping[str, Any], currency: str) -> dict[str, Any]:
    """The document with these answers of the form of main terms in their places; the given one stays as it is."""
    result: dict[str, Any] = copy.deepcopy(dict(document))
    rules, multipliers = result["earning"]["rules"], result["earning"]["multipliers"]
    for place, tier in enumerate(result["tiers"]):
        _write_tier(
            tier,
            {key.partition("_")[2]: data[key] for key in data if key.startswith(f"tier{place}_")},
            currency,
        )
    _put(multipliers, "multiplier", "tier", "tier", _rates(result, data))
    base = first(rules, "rule", "amount")
    if base is not None:
        base["params"] |= {"points": data["base_points"], "per": data["base_per"]}
    none = data["window_starts"] == "none"
    result["pending"] = {"starts": data["window_starts"], "window_days": 0 if none else data["window_days"]}
    result["expiry"] = _expiry(data)
    _put(multipliers, "multiplier", "member_day", "member-day", _member_day(data))
    points = data["welcome_points"]
    welcome = {"points": points, "at": data["welcome_at"]} if points else None
    _put(rules, "rule", "welcome", "welcome", welcome)
    points = data["birthday_points"]
    _put(rules, "rule", "birthday", "birthday", {"points": points} if points else None)
    _put(rules, "rule", "check_in", "check-in", _check_in(data))
    ways = result["check_ins"]["by"]
    result["check_ins"]["by"] = ways if set(ways) == set(data["checkin_by"]) else data["checkin_by"]
    result["prices"] = _prices(result.get("prices") or {}, data, currency)
    result["claims"] = {"days": data["guest_days"] or 0, "orders": data["guest_orders"] or 0}
    limit, daily = data["hand_paid_limit"], data["hand_paid_daily"]
    result["hand_paid"] = data["hand_paid"]
    result["hand_paid_limit"] = Money.parse(limit, currency).amount if limit else 0
    result["hand_paid_daily"] = Money.parse(daily, currency).amount if daily else None
    result["imported_from"] = data["imported_from"].isoformat() if data["imported_from"] else None
    result["closed_days"] = data["closed_days"]
    result["returned_days"] = data["returned_days"]
    return result


def _prices(known: Mapping[str, Any], data: Mapping[str, Any], currency: str) -> dict[str, Any]:
    prices = dict(known) | {
        name: data[f"prices_{name}"] for name in ("combine", "promotions", "vouchers", "rounding")
    }
    prices["step"] = Money.parse(data["prices_step"], currency).amount
    floors = list(known.get("floors") or [])
    whole, text = whole_floor(known), data["prices_floor"]
    share = int(parse_rate(text) * 100) if text else 0
    if whole is not None:
        changed = {**whole, "share": share}
        place = floors.index(whole)
        floors[place : place + 1] = [changed] if share or whole.get("amount") else []
    elif share:
        floors.append({"share": share})
    return prices | {"floors": floors}


def _write_tier(tier: dict[str, Any], data: Mapping[str, Any], currency: str) -> None:
    tier["name"][tag_read(tier["name"])] = data["name"]
    for rule in ("entry", "keep"):
        if rule in data and (one := only_condition(tier, rule)) is not None:
            spend = one["metric"] == "spend"
            one["at_least"] = Money.parse(data[rule], currency).amount if spend else data[rule]


def _rates(document: Mapping[str, Any], data: Mapping[str, Any]) -> dict[str, Any] | None:
    codes = [tier["code"] for tier in document["tiers"]]
    known = (first(document["earning"]["multipliers"], "multiplier", "tier") or {"params": {}})["params"]
    # Rates of tiers that are not there stay: they are a mistake to be shown, not to be lost.
    rates = {code: rate for code, rate in known.get("rates", {}).items() if code not in codes}
    for place, code in enumerate(codes):
        if data[f"tier{place}_rate"] not in ("", "0"):
            rates[code] = data[f"tier{place}_rate"]
    return {"rates": rates} if rates else None


def _expiry(data: Mapping[str, Any]) -> dict[str, Any]:
    kind = data["expiry_kind"]
    parts: dict[str, dict[str, Any]] = {
        "after": {"months": data["expiry_months"] or 0, "days": data["expiry_days"] or 0},
        "end_of": {"period": data["expiry_period"], "after": data["expiry_after"] or 0},
        "inactivity": {"months": data["expiry_months"], "warn_days": data["expiry_warn"] or 0},
        "on_date": {"day": data["expiry_day"] and data["expiry_day"].isoformat()},
    }
    return {"kind": kind, **parts.get(kind, {})}


def _member_day(data: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = data["day_kind"]
    parts: dict[str, dict[str, Any]] = {
        "day_of_month": {"day": data["day_number"]},
        "weekday": {"weekday": data["day_weekday"]},
        "nth_weekday": {"nth": int(data["day_nth"] or 1), "weekday": data["day_weekday"]},
    }
    return {"day": {"kind": kind, **parts[kind]}, "rate": data["day_rate"]} if kind else None


def _check_in(data: Mapping[str, Any]) -> dict[str, Any] | None:
    if not data["checkin_first"]:
        return None
    return {
        "first": data["checkin_first"],
        "step": data["checkin_step"] or 0,
        "most": data["checkin_most"],
        "cycle": data["checkin_cycle"],
        "bonus": data["checkin_bonus"] or 0,
    }


def _put(
    entries: list[dict[str, Any]], kind: str, code: str, name: str, params: Mapping[str, Any] | None
) -> None:
    """Change the entry of an extension, add it, or with None take it out."""
    found = first(entries, kind, code)
    if params is None:
        if found is not None:
            entries.remove(found)
    elif found is not None:
        found["params"] = {**found["params"], **params}
    else:
        taken = {one["id"] for one in entries}
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        free = next(one for one in itertools.chain([name], numbered) if one not in taken)
        entries.append({"id": free, kind: code, "params": dict(params)})
