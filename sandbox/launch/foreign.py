"""Runs the demo shop at a real Saleor: connects as staff, sells in a channel of theirs, starts no stand-in.

It writes nothing there but our App, unless `--seed` asks for demo goods and a test payment App. What was made is kept in
the data folder, so that `--clear` takes it away again, and only that.
"""

from __future__ import annotations

import argparse
import json
import os
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from typing import Any, Final
from urllib.parse import urlsplit

from sandbox.launch import system
from sandbox.launch.folder import DEFAULT, DataFolder
from sandbox.launch.ports import HOST, require_free
from sandbox.launch.terminal import LaunchError, step
from sandbox.launch.world import World, foreign_world
from sandbox.seed import catalogue, laying
from sandbox.seed.callers import Account, SeedError

NAME: Final = "loyalty-demo"
_APP: Final = "loyalty_plugin"
_APPS: Final = "{apps(first:100){edges{node{id identifier manifestUrl}}}}"


@dataclass
class There:
    """What is known and was made at that Saleor; ids by kind and slug, for the terms."""

    api_url: str
    channel: str
    currency: str
    ids: dict[str, dict[str, str]] = field(default_factory=dict)
    laid: dict[str, Any] = field(default_factory=dict)
    public_url: str = ""
    payments_app: str = ""
    payments_token: str = ""


def serve(options: argparse.Namespace) -> int:
    """Run the shop until it is stopped, or clear away. Raises LaunchError in words."""
    api_url = api_url_of(options.saleor)
    public_url = (options.public_url or f"http://localhost:{options.port}").rstrip("/")
    staff = _signed_in(api_url)
    folder = DataFolder(options.data or DEFAULT.with_name(".data-saleor"), kind="saleor")
    if options.clear:
        return _clear(staff, folder)
    require_free([options.port])
    system.provide(system.missing_libraries(), "Drawing cards")
    there = _after_reset(folder, api_url) if options.reset else _known(folder, api_url)
    there = there or There(api_url, options.channel, "")
    try:
        _look(staff, there, options.channel)
        there.public_url = public_url
        if options.seed:
            _seed(staff, there, folder)
        _keep(folder, there)
    except SeedError as error:
        raise LaunchError(str(error)) from error
    print(f"• The shop sells in the channel {there.channel} ({there.currency}) of {api_url}")
    print("• It installs the membership App there" + ("" if options.seed else " and changes nothing else"))
    more = {
        "SANDBOX_FOREIGN": "1",
        "SANDBOX_SHOP_URL": public_url,
        "SANDBOX_SALEOR_URL": api_url.removesuffix("/graphql/"),
        "SANDBOX_CHANNEL": there.channel,
        "SANDBOX_PAYMENTS_TOKEN": there.payments_token,
    }
    # Reached from elsewhere it has to listen to more than this machine.
    listen = HOST if urlsplit(public_url).hostname in ("localhost", HOST) else "0.0.0.0"
    with foreign_world(folder, options.port, listen, more) as world:
        with step("Connecting"):
            _connect(world)
        with step("Pages and terms"):
            _manage(world, "sandbox_seed", "--foreign", str(_file(folder)))
        _welcome(world, options.port, there)
        world.processes.watch()
    return 0


def _after_reset(folder: DataFolder, api_url: str) -> There | None:
    """What was made at that Saleor stays known when the shop's own data go, or nothing could clear it away."""
    there = None
    if _file(folder).exists():
        there = There(**json.loads(_file(folder).read_text()))
        if there.api_url != api_url and (there.laid.get("made") or there.payments_app):
            raise LaunchError(
                f"What this shop made at {there.api_url} is still there: --saleor {there.api_url} --clear first."
            )
    folder.reset()
    if there is None or there.api_url != api_url:
        return None
    _keep(folder, there)
    return there


def api_url_of(given: str) -> str:
    """`https://saleor.example`, with or without its path, as the API's URL. Raises LaunchError."""
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise LaunchError(f"{given} is no URL. Say it like https://saleor.example/graphql/")
    if parts.path.rstrip("/") not in ("", "/graphql"):
        raise LaunchError("The demo shop expects Saleor's API at /graphql/.")
    return f"{parts.scheme}://{parts.netloc}/graphql/"


def _signed_in(api_url: str) -> Account:
    email, password = os.environ.get("SALEOR_EMAIL"), os.environ.get("SALEOR_PASSWORD")
    if not (email and password):
        raise LaunchError("Set SALEOR_EMAIL and SALEOR_PASSWORD of a member of staff in the environment.")
    staff = Account(api_url, email, password)
    try:
        domain = staff.ask("{shop{domain{url}}}")["shop"]["domain"]["url"]
    except SeedError as error:
        raise LaunchError(str(error)) from error
    own = urlsplit(domain).netloc
    if own != urlsplit(api_url).netloc:
        # Its tokens and webhooks name it so, and what they name has to be what the shop expects.
        raise LaunchError(
            f"This Saleor calls itself {own}. Start with --saleor {urlsplit(domain).scheme}://{own}"
        )
    return staff


def _look(staff: Account, there: There, slug: str) -> None:
    found = laying.find_channel(staff, slug)
    if found is None:
        known = ", ".join(sorted(one["slug"] for one in staff.ask("{channels{slug}}")["channels"] or ()))
        raise LaunchError(
            f"There is no channel {slug} at {there.api_url}. Choose one with --channel: {known}"
        )
    if there.currency and there.channel != slug:
        raise LaunchError(
            f"This data folder belongs to the channel {there.channel}. Use another with --data, or --reset."
        )
    there.channel, there.currency = slug, str(found["currencyCode"])
    there.laid = there.laid or asdict(laying.Laid(str(found["id"]), slug, there.currency))


def _seed(staff: Account, there: There, folder: DataFolder) -> None:
    """Demo goods for sale in the channel, and an App that can say they were paid. Kept from the first piece on."""
    laid = laying.Laid(**there.laid)
    if not laid.products:
        with step(f"Demo goods, named {NAME}"):
            try:
                _lay(staff, laid)
            finally:
                there.laid = asdict(laid)
                there.ids = {"products": laid.products, "categories": laid.categories}
                _keep(folder, there)
    if not there.payments_app:
        with step("Test payment App"):
            create = "mutation($i:AppInput!){appCreate(input:$i){app{id} authToken" + laying.ERRORS
            # The latter only to see whether a checkout is paid already.
            given = {"name": f"{NAME} payments", "permissions": ["HANDLE_PAYMENTS", "MANAGE_CHECKOUTS"]}
            made = staff.change(create, i=given)
            there.payments_app, there.payments_token = made["app"]["id"], made["authToken"]
            _keep(folder, there)


def _lay(staff: Account, laid: laying.Laid) -> None:
    warehouse = laying.lay_shipping(
        staff, laid, NAME, {"Standard": Decimal("4.90"), "Express": Decimal("9.90")}
    )
    products = [
        laying.Product(
            goods.slug,
            goods.name,
            goods.category,
            [
                laying.Variant(f"{NAME}-{goods.sku(n)}", name, Decimal(cents).scaleb(-2))
                for n, (name, cents) in enumerate(goods.sizes)
            ],
        )
        for goods in catalogue.GOODS
    ]
    categories = [(slug, name) for slug, name, _text in catalogue.CATEGORIES]
    laying.lay_goods(staff, laid, warehouse, NAME, categories, products)


def _connect(world: World) -> None:
    done = world.manage(["loyalty_connect"])
    if done.returncode:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise LaunchError("The shop could not be connected:\n" + "\n".join(f"  {line}" for line in said[-6:]))


def _manage(world: World, *arguments: str) -> None:
    done = world.manage(arguments)
    if done.returncode:
        raise LaunchError(f"{arguments[0]} failed:\n{(done.stdout + done.stderr)[-1500:]}", 1)


def _clear(staff: Account, folder: DataFolder) -> int:
    there = _known(folder, staff.api_url)
    if there is None:
        print(f"{folder.path} knows of nothing at {staff.api_url}.")
        return 0
    with step(f"Clearing away at {staff.api_url}"):
        left = laying.clear(staff, laying.Laid(**there.laid)) if there.laid else []
    apps = [one["node"] for one in staff.ask(_APPS)["apps"]["edges"]]
    # Another shop may have installed it since: that one's is not ours to delete.
    own = f"{there.public_url}/"
    ours = {
        one["id"] for one in apps if one["identifier"] == _APP and str(one["manifestUrl"]).startswith(own)
    }
    ours |= {one["id"] for one in apps if one["id"] == there.payments_app}
    for app in sorted(ours):
        staff.change("mutation($i:ID!){appDelete(id:$i){" + laying.ERRORS, i=app)
    _file(folder).unlink()
    for one in left:
        print(f"! {one}")
    print(f"What this shop had made at {staff.api_url} is deleted. Orders stay, since Saleor deletes none.")
    return 0


def _file(folder: DataFolder) -> Any:
    return folder.path / "saleor.json"


def _keep(folder: DataFolder, there: There) -> None:
    _file(folder).touch(mode=0o600)  # it holds a token
    _file(folder).write_text(json.dumps(asdict(there), indent=1))


def _known(folder: DataFolder, api_url: str) -> There | None:
    if not _file(folder).exists():
        return None
    there = There(**json.loads(_file(folder).read_text()))
    if there.api_url != api_url:
        raise LaunchError(
            f"This data folder belongs to {there.api_url}. Use another with --data, or --reset."
        )
    return there


def _welcome(world: World, port: int, there: There) -> None:
    from sandbox.seed.people import PASSWORD, STAFF

    print(f"\n  Shop         http://localhost:{port}/")
    if world.shop_url != f"http://localhost:{port}":
        print(f"               {world.shop_url}/  (as Saleor reaches it)")
    print(f"  Back office  http://localhost:{port}/admin/")
    print(f"  Saleor       {there.api_url}\n")
    print(f"  Log in to the back office with the password {PASSWORD} as")
    for person in STAFF:
        print(f"    {person.username:<28} {person.role}")
    print("  Customers are those of Saleor; a registration is confirmed by the link in Saleor's own mail.")
    if not there.payments_token:
        print("  Nothing can be paid: start with --seed for a test payment App.")
    print("\nCtrl-C stops the shop. The App stays at Saleor, and the data here, until --clear.", flush=True)
