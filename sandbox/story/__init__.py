"""The main job of the plugin, played over HTTP on a shop of its own, each step checked; it mends nothing.

What customers and staff do goes through their pages and the GraphQL door, what Saleor does through its stand-in's
webhooks, what nights do through `loyalty_tick`; a real worker books. The database is read in two places only: to wait
until the worker has nothing left, and to see that a forged message left no trace.
"""

from __future__ import annotations

from collections.abc import Iterator

from sandbox.launch.steps import Context, Step
from sandbox.story import beginning, earning, ending, office, shopping
from sandbox.story.stage import Stage

CHAPTERS = (beginning, earning, shopping, office, ending)


def play(context: Context) -> Iterator[Step]:
    """Every step of the story, as soon as it is played."""
    with Stage(context) as stage:
        for chapter in CHAPTERS:
            yield from chapter.play(stage)
