"""Decides what one occasion earns under one version within caps and budgets, and explains it; posts nothing.

Everything is exact until the one rounding: down, once for the occasion. Then budgets and caps cut whole
points, and what is left is spread to the order's lines by largest remainder, so that refunds reverse it.
"""

from __future__ import annotations

from dataclasses import dataclass

from loyalty_plugin.domain.earning.asking import ask
from loyalty_plugin.domain.earning.combine import ZERO
from loyalty_plugin.domain.earning.cuts import book, campaigns_at_work, keep_budgets, keep_caps, layer_of
from loyalty_plugin.domain.earning.explanation import SCHEMA, ExplanationData
from loyalty_plugin.domain.earning.notes import common_rate, hints_on, multiplier_notes, names_in, rule_notes
from loyalty_plugin.domain.earning.resolved import Resolved
from loyalty_plugin.domain.earning.shares import paid_parts, qualifying_points, to_lines
from loyalty_plugin.domain.extensions import Occasion
from loyalty_plugin.domain.facts import RemainingCaps
from loyalty_plugin.domain.fields import exact_text
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.domain.values import floor_points, spread


@dataclass(frozen=True, slots=True)
class Decision:
    """What an occasion earns, in whole points.

    `by_line` pairs line ids (sorted) with their points and sums to `points` where the occasion has lines;
    `qualifying_by_line` likewise. `used_budgets` is what to book on campaigns, by code, zeros left out.
    `free_points` of the points have no purchase behind them and wait for a verified contact.
    """

    points: int
    qualifying: int
    by_line: tuple[tuple[str, int], ...]
    qualifying_by_line: tuple[tuple[str, int], ...]
    used_budgets: dict[str, int]
    free_points: int
    explanation: ExplanationData

    @property
    def free(self) -> bool:
        """No purchase stands behind any of the points."""
        return self.points > 0 and self.free_points == self.points


def decide(
    version: ProgrammeVersion, occasion: Occasion, remaining: RemainingCaps, resolved: Resolved
) -> Decision:
    """What this occasion earns. Pure: the same arguments give the same decision.

    `remaining` was read under the locks that guard it. `resolved` are the version's own terms. Raises
    InvalidInput where a budgeted campaign is missing from `remaining` and InvalidAmount where an award leaves
    the ledger's range.
    """
    terms = resolved.terms
    asked = ask(occasion, resolved)
    codes = campaigns_at_work(asked, resolved)
    layers = [layer_of(asked, terms, frozenset(codes[:count])) for count in range(len(codes) + 1)]
    final, took_part = layers[-1]

    total, used, campaigns = keep_budgets(layers, codes, resolved, remaining)
    total, caps = keep_caps(total, occasion, terms, remaining)
    used = book(used, total - min(total, floor_points(layers[0][0].total)))
    for entry in campaigns:
        entry["used"] = used.get(entry["code"], 0)

    paid = paid_parts(layers, campaigns)
    free_points = spread(total, [paid.bought, paid.free])[1] if paid.free else 0
    line_ids = sorted(line.line_id for line, _ in occasion.lines)
    by_line = to_lines(total, paid.by_line, paid.whole + paid.free, occasion, line_ids)
    qualifying, qualifying_weights = qualifying_points(asked, paid, total - free_points, occasion, terms)
    qualifying_by_line = to_lines(qualifying, qualifying_weights, ZERO, occasion, line_ids)

    exact = final.total
    whole = floor_points(exact)
    cut = any(entry["cut"] for entry in campaigns) or bool(caps)
    explanation = ExplanationData(
        schema=SCHEMA,
        version={"id": version.id, "number": version.number, "name": version.name},
        occasion=occasion.kind.value,
        day=occasion.day.isoformat(),
        currency=version.currency,
        tier=occasion.member.tier,
        basis=None
        if occasion.order is None
        else {
            "amount": occasion.basis,
            "tax": terms.basis.tax,
            "shipping": terms.basis.shipping,
            "discounts": terms.basis.discounts,
            "left_out": [[reason, amount] for reason, amount in occasion.left_out],
        },
        combine=terms.combine,
        rules=rule_notes(asked, final, terms),
        combine_multipliers=terms.combine_multipliers,
        multipliers=multiplier_notes(asked, took_part),
        rate=common_rate(asked, terms),
        exact=exact_text(exact),
        rounded_off="0" if exact == whole else exact_text(exact - whole),
        campaigns=campaigns,
        caps=caps,
        total=total,
        free=free_points,
        names={},
        hints=[] if cut else hints_on(version, occasion, resolved, asked, exact),
    )
    explanation["names"] = names_in(version, explanation)
    return Decision(
        total,
        qualifying,
        by_line,
        qualifying_by_line,
        {code: points for code, points in used.items() if points},
        free_points,
        explanation,
    )
