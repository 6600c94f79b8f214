"""The examples in docs/extensions.md work as they are printed."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, get_args

from loyalty_plugin import registry
from loyalty_plugin.domain import extensions
from loyalty_plugin.testing import check_earning_rule
from tests.domain.earning_cases import an_order, decided, line

TEXT = (Path(__file__).parents[2] / "docs" / "extensions.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, re.DOTALL)


def test_the_printed_rule_and_its_test_work() -> None:
    rule, test = _blocks("python")
    names: dict[str, Any] = {"__name__": "printed_example"}
    try:
        for source in (rule, test):
            # This file's own __future__ import must not change what the printed lines mean.
            exec(compile(source, "docs/extensions.md", "exec", dont_inherit=True), names)
        names["test_every_order"]()
        terms = {"rules": [json.loads(_blocks("json")[0])]}
        assert decided(terms, an_order(line("a", 100))).points == 25
        check_earning_rule(names["EveryOrder"], {}, examples=20)
    finally:
        registry.rules.withdraw("every_order")


def test_every_kind_is_listed_with_its_registry_and_method() -> None:
    listed = re.findall(r"^\| ([a-z ]+) \| `registry\.(\w+)` \| `(\w+)\(", TEXT, re.MULTILINE)
    assert {kind for kind, _, _ in listed} == set(registry.KINDS)
    for kind, place, method in listed:
        assert registry.KINDS[kind] is getattr(registry, place)
        contract = "".join(word.capitalize() for word in kind.split())
        whole = getattr(extensions, contract)
        assert any(hasattr(one, method) for one in get_args(whole) or [whole])
