"""What a check can say: a difference, or a warning; and the report made of them. Decides nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

#: A ruined ledger has a finding for each row; so many tell enough.
MOST = 100


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is not as it must be: a stable `code`, where it is, and both values as text."""

    code: str
    where: str
    expected: str = ""
    found: str = ""
    warning: bool = False

    def __str__(self) -> str:
        both = f": expected {self.expected}, found {self.found}" if self.expected or self.found else ""
        return f"{self.code} at {self.where}{both}"


@dataclass(slots=True)
class Report:
    """Everything found, at most MOST differences; `checked` counts what was looked at."""

    differences: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=dict)

    @property
    def whole(self) -> bool:
        """No difference."""
        return not self.differences

    def add(self, findings: list[Finding]) -> None:
        """Take findings in, as far as there is room."""
        for finding in findings:
            chosen = self.warnings if finding.warning else self.differences
            if len(chosen) < MOST:
                chosen.append(finding)

    def as_data(self) -> dict[str, Any]:
        """JSON-able."""
        return {
            "whole": self.whole,
            "first": asdict(self.differences[0]) if self.differences else None,
            "differences": [asdict(one) for one in self.differences],
            "warnings": [asdict(one) for one in self.warnings],
            "checked": dict(self.checked),
        }

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Report:
        """The report a killed run left."""
        return cls(
            [Finding(**one) for one in data.get("differences", ())],
            [Finding(**one) for one in data.get("warnings", ())],
            dict(data.get("checked", {})),
        )
