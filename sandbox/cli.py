"""The command line of the demo shop: starts it, or plays the story on another; decides nothing else."""

import argparse
import json
import os
import signal
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from types import FrameType

from sandbox.launch import foreign, system
from sandbox.launch.folder import DEFAULT, DataFolder
from sandbox.launch.ports import free_ports, require_free
from sandbox.launch.steps import Context, Step
from sandbox.launch.terminal import LaunchError, mark, step
from sandbox.launch.world import World, kept_world, story_world
from sandbox.postgres import PostgresError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 when it did its work or was stopped, 1 when something broke, 2 for a mistake."""
    options = _parser().parse_args(arguments)
    # SIGINT too: started in the background of a script it is ignored unless somebody asks for it.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        if options.command == "story":
            return _story(options)
        return foreign.serve(options) if options.saleor else _serve(options)
    except KeyboardInterrupt:
        print("\nStopped.")
        return 130 if options.command else 0
    except (LaunchError, PostgresError) as error:
        print(f"\n{error}", flush=True)
        return getattr(error, "exit_code", 2)


def _serve(options: argparse.Namespace) -> int:
    ports = (options.port, options.port + 1)
    folder = DataFolder(options.data or DEFAULT)
    require_free(ports)
    system.provide(system.missing_libraries(), "Drawing cards")
    if options.reset:
        folder.reset()
    with kept_world(folder, ports) as world:
        new = not folder.seeded.exists() and not options.empty
        if new:
            folder.seeding.touch()
            with step("Pages, goods, the App and its terms"):
                _seed(world, "--without-history")
        _welcome(world, peopled=new or folder.seeded.exists())
        if new:
            print(
                "\nThe shop is open. Half a year of customers and orders is played now, through signed webhooks"
            )
            print(
                "and the worker; until that is done, people join one by one and the shop's clock shows the past.",
                flush=True,
            )
            _seed(world, "--only-history", show=True)
            folder.seeding.rename(folder.seeded)
        world.processes.watch()
    return 0


def _seed(world: World, part: str, show: bool = False) -> None:
    world.processes.finish(
        world.processes.start("seed", "-m", "sandbox.manage", "sandbox_seed", part, show=show)
    )


def _welcome(world: World, peopled: bool) -> None:
    from sandbox.seed.people import PASSWORD, PEOPLE, STAFF

    now = time.time()
    took = now - float(os.environ.get("SANDBOX_STARTED", now))
    print(f"\nReady after {took:.0f} s.\n")
    print(f"  Shop         {world.shop_url}/")
    print(f"  Back office  {world.shop_url}/admin/")
    print(f"  Saleor       {world.saleor_url}/  (a stand-in)\n")
    if peopled:
        print(f"  Log in with the password {PASSWORD} as")
        for person in STAFF:
            print(f"    {person.username:<28} {person.role} in the back office")
        for customer in PEOPLE[:2]:
            print(f"    {customer.email:<28} customer of the shop")
        print()
    print("Ctrl-C stops everything; the data stays until --reset.", flush=True)


def _story(options: argparse.Namespace) -> int:
    folder = DataFolder(options.data or DEFAULT.with_name(".data-story"), kind="story")
    system.provide(system.missing_libraries(), "Drawing cards")
    folder.reset()
    steps: list[Step] = []
    with story_world(folder, free_ports(2)) as world:
        from sandbox.story import play

        context = Context(
            world.shop_url, world.saleor_url, world.database_url, world.environment, world.manage
        )
        print()
        try:
            for played in play(context):
                steps.append(played)
                _tell(played)
        except Exception as error:  # a story that breaks off is a failed step, not a stack trace
            (folder.logs / "story.log").write_text(traceback.format_exc())
            steps.append(Step("the story goes on", "to its end", f"{type(error).__name__}: {error}", False))
            _tell(steps[-1])
    if options.json:
        options.json.write_text(json.dumps([asdict(one) for one in steps], ensure_ascii=False, indent=1))
    wrong = sum(not one.ok for one in steps)
    print(
        f"\n{len(steps)} steps, " + (f"{wrong} wrong. Logs: {folder.logs}" if wrong else "all as expected.")
    )
    return 1 if wrong or not steps else 0


def _tell(played: Step) -> None:
    print(f"{mark(played.ok)} {played.step}", flush=True)
    if not played.ok:
        print(f"    expected  {played.expected}\n    got       {played.got}", flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="./sandbox/run", description="A demo shop with the plugin, on a real PostgreSQL."
    )
    parser.add_argument("--port", type=int, default=8000, help="of the shop; the stand-in takes the next one")
    parser.add_argument("--data", type=Path, help="folder that keeps the shop's data (sandbox/.data)")
    parser.add_argument("--reset", action="store_true", help="delete that folder's data first")
    parser.add_argument("--empty", action="store_true", help="do not fill the shop when it is new")
    there = parser.add_argument_group(
        "a real Saleor", "with SALEOR_EMAIL and SALEOR_PASSWORD of a member of staff in the environment"
    )
    there.add_argument("--saleor", metavar="URL", help="run the shop at this Saleor instead of the stand-in")
    there.add_argument(
        "--channel",
        metavar="SLUG",
        default="default-channel",
        help="the channel to sell in (default-channel)",
    )
    there.add_argument(
        "--public-url", metavar="URL", help="where that Saleor reaches the shop (http://localhost:PORT)"
    )
    there.add_argument("--seed", action="store_true", help="lay out demo goods and a test payment App there")
    there.add_argument(
        "--clear", action="store_true", help="delete there what --seed made, and our App; then stop"
    )
    commands = parser.add_subparsers(dest="command", metavar="[story]")
    story = commands.add_parser("story", help="play the main job on a shop of its own and check every step")
    story.add_argument("--json", type=Path, metavar="FILE", help="also write the steps to a file")
    story.add_argument("--data", type=Path, help="folder for the story's logs (sandbox/.data-story)")
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
