"""`./tests/bench [NAME…] [--json FILE] [--full]`: runs the benches named, or all; exit 1 if a goal is missed."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import pkgutil
import signal
import sys
from pathlib import Path

import django

#: Names that stand for several.
GROUPS = {"nightly": ("expiry", "tiers", "pages")}


def main() -> int:
    """Measure, print every figure as it is known, write them all."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    from tests.benchmarks import world as worlds
    from tests.benchmarks.measures import Measure

    package = Path(__file__).parent / "benches"
    known = sorted(module.name for module in pkgutil.iter_modules([str(package)]))
    parser = argparse.ArgumentParser(prog="./tests/bench", description=__doc__)
    naming = f"of {', '.join([*known, *GROUPS])} (all)"
    parser.add_argument("names", nargs="*", metavar="NAME", help=naming)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--full", action="store_true", help="the sizes of the goals; else smaller ones")
    chosen = parser.parse_args()
    names = list(dict.fromkeys(one for name in chosen.names or known for one in GROUPS.get(name, (name,))))
    if unknown := set(names) - set(known):
        parser.error(f"no such bench: {', '.join(sorted(unknown))}")
    _end_in_order()
    found: list[Measure] = []
    with worlds.world(full=chosen.full) as world:
        size = "full sizes" if chosen.full else "smaller sizes than the goals name (--full for those)"
        print(f"{world.server}, {os.cpu_count()} cores, {worlds.WORKERS} workers at most; {size}", flush=True)
        for name in names:
            for measure in importlib.import_module(f"tests.benchmarks.benches.{name}").run(world):
                print(measure, flush=True)
                found.append(measure)
    if chosen.json:
        chosen.json.write_text(
            json.dumps([one.as_data() for one in found], indent=2, ensure_ascii=False) + "\n"
        )
    missed = [one for one in found if not one.met]
    print(f"{len(found) - len(missed)} of {len(found)} goals met")
    return int(bool(missed))


def _end_in_order() -> None:
    """Told to end, by a time limit or a closed terminal, stop what was started as at the end of all benches."""

    def end(number: int, _frame: object) -> None:
        signal.signal(number, signal.SIG_IGN)  # a second word must not break the clearing up off
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


if __name__ == "__main__":
    sys.exit(main())
