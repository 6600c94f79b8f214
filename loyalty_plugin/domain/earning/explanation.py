"""The stored explanation of an award, as JSON-able data that explains itself years later; holds no wording.

Every name it needs later (tiers, campaigns) is inside, because the version may be all that is left otherwise.
Exact numbers are text ("120.4"), points whole numbers, money minor units of `currency`.
"""

from __future__ import annotations

from typing import Any, TypedDict

#: Raised when the shape changes; readers know all earlier shapes.
SCHEMA = 1


class VersionData(TypedDict):
    id: int
    number: int
    name: str


class BasisData(TypedDict):
    """`amount` counts; `left_out` pairs reasons with what does not."""

    amount: int
    tax: str
    shipping: bool
    discounts: str
    left_out: list[list[Any]]


class RuleData(TypedDict):
    """One rule of the occasion's kind: what it gave before multipliers, or `why_not`. `taken` is the part
    that counts after the rules were combined; `exact` and `taken` are text."""

    id: str
    code: str
    exact: str
    taken: str
    reason: str
    data: dict[str, Any]
    campaign: str
    free: bool
    why_not: str


class MultiplierData(TypedDict):
    """One multiplier: its rate as text, whether it took part, and else why not."""

    id: str
    code: str
    rate: str
    applied: bool
    narrowed: bool
    campaign: str
    why_not: str


class CampaignData(TypedDict):
    """`extra`: points the campaign would have caused; `used`: what is booked on it; `cut`: what it lacked."""

    code: str
    extra: int
    used: int
    cut: int


class CapData(TypedDict):
    """A cap that took something: `left` remained under it, `cut` is what was taken."""

    cap: str
    left: int
    cut: int


class HintData(TypedDict):
    kind: str
    data: dict[str, Any]


class ExplanationData(TypedDict):
    """`exact` is the award before rounding and cuts; `rounded_off` what the one rounding took; `total` what
    was given, of which `free` are points no purchase stands behind."""

    schema: int
    version: VersionData
    occasion: str
    day: str
    currency: str
    tier: str
    basis: BasisData | None
    combine: str
    rules: list[RuleData]
    combine_multipliers: str
    multipliers: list[MultiplierData]
    rate: str
    exact: str
    rounded_off: str
    campaigns: list[CampaignData]
    caps: list[CapData]
    total: int
    free: int
    names: dict[str, dict[str, dict[str, str]]]
    hints: list[HintData]
