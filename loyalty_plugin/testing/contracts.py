"""What every kind of extension must keep to, checked in words; knows nothing of a single kind's method."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from loyalty_plugin.domain.extensions import Occasion
from loyalty_plugin.registry import Registry
from loyalty_plugin.testing.watch import watched

T = TypeVar("T")


class ContractBroken(AssertionError):
    """An extension does not keep its contract; the message says how, in words."""


def demand(holds: bool, words: str) -> None:
    """Raises ContractBroken with these words unless it holds."""
    if not holds:
        raise ContractBroken(words)


def demand_same_in_any_tier(
    who: str, extension: Any, answer: Callable[[Occasion], object], occasion: Occasion
) -> None:
    """Raises ContractBroken where an extension says that it looks at no tier, but does."""
    if not getattr(extension, "looks_at_tier", True):
        other = replace(occasion, member=replace(occasion.member, tier=f"not-{occasion.member.tier}"))
        demand(
            answer(other) == answer(occasion),
            f"{who} says that it looks at no tier, but answers differently in another one",
        )


def check_shape(extension: type, registry: Registry[Any], method: str) -> Any:
    """Code, label, parameters and method are there, once and unchanging; an instance."""
    who = extension.__name__
    try:
        made: Any = extension()
        again: Any = extension()
    except TypeError as error:
        raise ContractBroken(f"{who} can't be made without arguments: {error}") from error
    code = getattr(extension, "code", None)
    demand(
        isinstance(code, str) and re.fullmatch(r"[a-z][a-z0-9_-]{0,49}", code) is not None,
        f"{who}.code must be lower-case text such as 'stamp_card', written in the class",
    )
    demand(made.code == again.code == code, f"{who}.code changes from one instance to the next")
    demand(bool(str(getattr(extension, "label", ""))), f"{who}.label must say what it is, for people")
    params = getattr(extension, "Params", None)
    demand(
        isinstance(params, type) and issubclass(params, BaseModel),
        f"{who}.Params must be a pydantic model: subclass loyalty_plugin.domain.extensions.Params",
    )
    demand(callable(getattr(extension, method, None)), f"{who} needs a method '{method}'")
    demand(not getattr(made, "__dict__", {}), f"{who} keeps state in its instance; extensions have none")
    demand(
        isinstance(made, registry.contract),
        f"{who} is not a {registry.kind}: something of the contract is missing",
    )
    if code in registry:
        known = type(registry.get(str(code)))
        demand(
            known is extension,
            f"the code '{code}' belongs to {known.__module__}.{known.__qualname__} already; choose another",
        )
    return made


def check_params(extension: Any, data: Mapping[str, Any]) -> Any:
    """The schema reads its own JSON back, refuses what it does not know, and nothing changes it; the parameters."""
    who = type(extension).__name__
    try:
        params = extension.Params.model_validate(data)
    except ValidationError as error:
        raise ContractBroken(f"{who} refuses the example parameters: {error}") from error
    stored = params.model_dump(mode="json")
    demand(
        not _floats(stored),
        f"{who}.Params stores floats; use the exact types of loyalty_plugin.domain.fields",
    )
    back = extension.Params.model_validate(json.loads(json.dumps(stored)))
    demand(back == params, f"{who}.Params reads other parameters back from JSON than it wrote")
    try:
        extension.Params.model_validate({**data, "no_such_parameter": 1})
    except ValidationError:
        pass
    else:
        raise ContractBroken(f"{who}.Params takes parameters it does not know; set extra='forbid'")
    for name in type(params).model_fields:
        try:
            setattr(params, name, getattr(params, name))
        except (ValidationError, TypeError, AttributeError):
            continue
        raise ContractBroken(f"{who}.Params can be changed ('{name}'); set frozen=True")
    return params


def ask(who: str, again: Callable[[], T]) -> T:
    """The answer to a question asked twice, which must be the same and use nothing from outside."""
    with watched() as used:
        first = again()
    demand(not used, f"{who} uses {' and '.join(sorted(used))}; what it needs comes in with its arguments")
    demand(first == again(), f"{who} answers differently when asked the same thing twice")
    return first


def exact(value: object) -> bool:
    """A whole number or a fraction, neither float nor truth value."""
    return isinstance(value, int | Fraction) and not isinstance(value, bool)


def check_data(who: str, data: Mapping[str, Any]) -> None:
    """An answer's data is kept for years as JSON: plain, and exact."""
    try:
        json.dumps(dict(data))
    except (TypeError, ValueError) as error:
        raise ContractBroken(f"{who} gives data that is not JSON: {error}") from error
    demand(not _floats(data), f"{who} gives floats as data; write exact numbers as text")


def _floats(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(_floats(item) for item in value.values())
    if isinstance(value, list | tuple):
        return any(_floats(item) for item in value)
    return isinstance(value, float)


def for_all(strategy: st.SearchStrategy[T], test: Callable[[T], None], count: int) -> None:
    """Run the test on so many random cases, the same ones each time, and stop at the first that fails."""

    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        derandomize=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def run(case: T) -> None:
        test(case)

    run()
