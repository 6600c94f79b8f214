"""The matrix covers every pair of what we claim to support, and names what it could not try."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

import pytest

from tests.install import matrix

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]


def test_every_supported_version_is_in_a_cell() -> None:
    claimed = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert {cell.python for cell in matrix.CELLS} == set(claimed)
    assert len({str(cell) for cell in matrix.CELLS}) == len(matrix.CELLS) == 16
    assert "Django>=5.2,<6.2" in PROJECT["dependencies"]
    assert "wagtail>=7.4,<9" in PROJECT["dependencies"]
    floor = next(one for one in PROJECT["dependencies"] if one.startswith("strawberry-graphql"))
    oldest = floor.replace(">=", "==") + ".*"
    assert any(oldest in cell.beside for cell in matrix.CELLS)


def test_interpreters_are_found_by_what_they_say_of_themselves() -> None:
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert matrix.interpreter(here)
    with pytest.raises(matrix.NotRun, match="no Python 9"):
        matrix.interpreter("9.99")


def test_what_could_not_be_tried_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def environment(cell: matrix.Cell, wheel: Path) -> Path:
        if cell.python == "3.13":
            raise matrix.NotRun("no Python 3.13 on this machine")
        return Path("python")

    monkeypatch.setattr(matrix, "_wheel", lambda: Path("wheel"))
    monkeypatch.setattr(matrix, "_environment", environment)
    outcomes = {"3.11": ("passed", ""), "3.12": ("failed", "its words")}
    monkeypatch.setattr(matrix, "_run", lambda python, cell: outcomes[cell.python])

    assert matrix.main(["wagtail8", "django5.2"]) == 1
    said = capsys.readouterr().out
    assert "1 passed, 1 failed, 1 not run" in said
    assert "no Python 3.13 on this machine" in said
    assert "its words" in said
    assert matrix.main(["wagtail8", "django5.2", "python3.11"]) == 0
    assert matrix.main(["wagtail8", "python3.13"]) == 1  # where nothing was run, nothing is proved
