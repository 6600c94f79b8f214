"""Puts findings in words, for the doctor and for pages: what is wrong, and the next step; finds nothing itself.

The codes are public: they are listed in docs/install.md (a test keeps the two equal) and never change meaning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ADVICE: Final[dict[str, tuple[Promise, Promise]]] = {
    "database_away": (
        _("The database does not answer: {error}"),
        _("Start it, and look at DATABASES['default']."),
    ),
    "not_migrated": (
        _("{count} migrations are not applied, the first is {first}."),
        _("Run: python manage.py migrate"),
    ),
    "url_away": (
        _("{url} does not answer: {error}"),
        _("Start the site, and look at LOYALTY['PUBLIC_URL'], at the name server and at the certificate."),
    ),
    "url_redirects": (
        _("{url} redirects to {to}. Saleor follows no redirect and never repeats the event."),
        _("Set LOYALTY['PUBLIC_URL'] to where it leads, and install the App again, or end the redirect."),
    ),
    "url_to_https": (
        _("{url} redirects to https ({to}). Saleor follows no redirect and never repeats the event."),
        _("Begin LOYALTY['PUBLIC_URL'] with https, then run: python manage.py loyalty_doctor --mend"),
    ),
    "url_slash": (
        _("{url} redirects to {to}: a slash too many or too few. Saleor follows no redirect."),
        _("Put the plugin's include above Wagtail's catch-all, and let the web server add no slash."),
    ),
    "url_language": (
        _("{url} redirects to {to}: a language is put before it. Saleor follows no redirect."),
        _("Move the plugin's include out of i18n_patterns."),
    ),
    "url_other_host": (
        _("{url} redirects to another host: {to}. Saleor follows no redirect."),
        _("Set LOYALTY['PUBLIC_URL'] to that host, then run: python manage.py loyalty_doctor --mend"),
    ),
    "url_guarded": (
        _("{url} is behind a login: it answers {status} before the plugin is asked."),
        _("Let requests to this path through; the plugin checks each signature itself."),
    ),
    "url_filtered": (
        _("{url} is forbidden ({status}): a firewall or a filter of addresses stands before the plugin."),
        _("Let Saleor's addresses through to this path; the plugin checks each signature itself."),
    ),
    "url_private": (
        _("Saleor refuses to call {url}: {address} is an address of a private network."),
        _("Give the site a public address, or allow this one in Saleor's settings (HTTP_IP_FILTER_ENABLED)."),
    ),
    "url_certificate": (
        _("{url} has a certificate that is refused: {error}"),
        _("Renew it, send the whole chain, and set the clocks of both machines."),
    ),
    "url_host_refused": (
        _("{url} is refused with {status}: Django does not serve this host."),
        _("Name the host in ALLOWED_HOSTS, or set LOYALTY['PUBLIC_URL'] to one that is named there."),
    ),
    "url_page": (
        _("{url} is answered with {status} by a page of the site."),
        _("Put the plugin's include above Wagtail's catch-all, and see that PUBLIC_URL is this site."),
    ),
    "url_answers": (
        _("{url} is answered with {status} by something that is not the plugin."),
        _("Look at LOYALTY['PUBLIC_URL'] and at what the web server does with this path."),
    ),
    "not_installed": (
        _("{saleor} has not installed the App."),
        _("Run: python manage.py loyalty_connect {saleor}. Or install an App in its Dashboard, from {manifest}"),
    ),
    "installation_unfinished": (
        _("The App in {saleor} is installed, but its webhooks are not secured yet."),
        _("Activate it in the Dashboard, and let a worker or loyalty_tick run."),
    ),
    "installation_inactive": (
        _("The App is deactivated in {saleor}: no events come."),
        _("Activate it in the Dashboard."),
    ),
    "installation_dead": (
        _("{saleor} no longer knows the App's token."),
        _("Install the App there again, from {manifest}"),
    ),
    "secrets_locked": (
        _("No key opens what is stored for {saleor}: the key it was encrypted under is gone."),
        _("Put it back into LOYALTY['ENCRYPTION_KEYS'] (or SECRET_KEY_FALLBACKS), or install the App anew."),
    ),
    "installation_deleted": (
        _("The App was deleted in {saleor}."),
        _("Install it there again, or take that Saleor out of LOYALTY['SALEOR_API_URLS']."),
    ),
    "reinstalled": (
        _("{saleor} installed the App anew. Events since {since} may be missing: {why}."),
        _("A comparison closes the gap within the hour. At once: python manage.py loyalty_reconcile {saleor}"),
    ),
    "restored_here": (
        _("Our database is older than what was done with {saleor}: a dump was restored. Nothing can be spent."),
        _("Run: python manage.py loyalty_reconcile {saleor}. Where nothing differs any more, spending goes on."),
    ),
    "restored_there": (
        _("{saleor} is older than our books: a dump was restored there. Nothing can be spent."),
        _("Run: python manage.py loyalty_reconcile {saleor} --full. What Saleor lost is for a person to settle."),
    ),
    "saleor_unreachable": (
        _("{saleor} has not answered for {minutes} minutes."),
        _("Start it, or mend the way there. What waits goes on by itself."),
    ),
    "events_unheard": (
        _("A change made at {saleor} on {at} did not come back: no event reaches the plugin."),
        _("Run: python manage.py loyalty_connect {saleor}"),
    ),
    "events_unsent": (
        _("{saleor} accepted a test event and has neither delivered it nor said why."),
        _("Look whether its workers run, and whether its machine reaches {url}."),
    ),
    "deliveries_failed": (
        _("{saleor} has given up on {count} events."),
        _("Mend what stood in their way, then run: python manage.py loyalty_reconcile {saleor}"),
    ),
    "key_changed": (
        _("{saleor} signs with other keys since {at}."),
        _("If its keys were changed on purpose, run: python manage.py loyalty_doctor --mend"),
    ),
    "clock_skew": (
        _("The clock of {saleor} is {seconds} seconds ahead of this machine's."),
        _("Let both machines keep their time by NTP: good tokens and certificates are refused."),
    ),
    "gap": (
        _("Events of {saleor} since {since} may be missing: {why}."),
        _("A comparison closes the gap within the hour. At once: python manage.py loyalty_reconcile {saleor}"),
    ),
    "permissions_missing": (
        _("{saleor} has not granted the App: {permissions}. The events that need them do not come."),
        _("Grant them in the Dashboard, or run: python manage.py loyalty_connect {saleor}"),
    ),
    "installation_not_listed": (
        _("The App is installed in {saleor}, which LOYALTY['SALEOR_API_URLS'] does not name."),
        _("Name it there, or delete the App in its Dashboard."),
    ),
    "reconcile_late": (
        _("{saleor} was last compared with the books at {at}; it should be once a day."),
        _("Run a worker or loyalty_tick, and read what the job 'reconcile' says in the back office."),
    ),
    "reconcile_differs": (
        _("{count} orders or customers of {saleor} differ from the books and could not be healed."),
        _("Look at them in the back office under Membership, Operations, All comparisons."),
    ),
    "orders_gone": (
        _("{count} orders that brought something are gone at {saleor}. Nothing was taken back for it."),
        _("Decide about each in the back office under Membership, Operations, Orders that are gone."),
    ),
    "no_programme": (
        _("There is no programme yet: nobody earns anything."),
        _("Start one from a preset: in the back office under Membership, or with loyalty_start."),
    ),
    "programme_unpublished": (
        _("Programme '{programme}' was never published."),
        _("Publish its draft in the back office."),
    ),
    "programme_without_channel": (
        _("Programme '{programme}' serves no channel: no order belongs to it."),
        _("Give it a channel of your Saleor in the back office."),
    ),
    "payment_apps_open": (
        _("Money is believed whatever App reports it; lately these did: {apps}."),
        _("Name those that take payments for you in LOYALTY['PAYMENT_APPS']; others' reports then count as paid by hand."),
    ),
    "inbox_lag": (
        _("{waiting} events wait to be worked off, the oldest for {minutes} minutes."),
        _("Run a worker (python manage.py procrastinate worker) or loyalty_tick from cron, and read its log."),
    ),
    "inbox_failed": (
        _("{count} events could not be worked off."),
        _("Look at them in the back office under Membership, Operations, and try them again."),
    ),
    "incidents_open": (
        _("{count} orders of {saleor} were not charged as promised, the oldest since {since}."),
        _("Decide about them in the back office under Membership, Incidents."),
    ),
    "quotes_refused": (
        _("Member prices in {count} carts of {saleor} can't be quoted again ({why}); {ended} are not tried any more."),
        _("Mend what the reason names. A cart is quoted anew when it is changed; its order is compared in any case."),
    ),
    "hole_unpaid_ships": (
        _("{saleor} lets orders be sent that nobody has paid."),
        _("In its Dashboard, forbid to fulfil unpaid orders. Costs: orders on account wait for their payment."),
    ),
    "hole_completes_itself": (
        _("{saleor} makes orders of paid checkouts by itself in: {channels}. No price is looked at before."),
        _("Switch automatic completion off there. Costs: who closes the window after paying leaves a checkout behind."),
    ),
    "hole_gift_cards": (
        _("{saleor} takes gift cards as promotion codes in: {channels}. One card can pay in two checkouts."),
        _("Switch the legacy use of gift cards off there. Costs: the shop's pages must take them as a payment."),
    ),
    "mode_confirms_itself": (
        _("{saleor} confirms orders by itself in: {channels}. In confirmed mode none of them waits."),
        _("Switch automatic confirmation off there, or choose the assisted mode under Connections."),
    ),
    "mode_storefront_open": (
        _("{saleor} lets storefronts in. In enforced mode whoever has a checkout's id would pass us by."),
        _("In its Dashboard, switch storefront traffic off (allowStorefrontTraffic), once your pages buy at our door."),
    ),
    "payments_closed": (
        _("In {programme} points pay, but nobody can use them: this site is no payment App."),
        _("Set PAYMENTS in LOYALTY, and run loyalty_connect: it grants our App what payments need."),
    ),
    "mode_door_closed": (
        _("This site keeps no door for {saleor}. In enforced mode nobody could buy."),
        _("Set ENFORCED in LOYALTY, and run loyalty_connect: it grants our App what the door needs."),
    ),
    "mode_storefront_shut": (
        _("{saleor} lets no storefront in, but is not in enforced mode: our door refuses everybody, too."),
        _("Choose the enforced mode under Connections, or switch storefront traffic on in its Dashboard."),
    ),
    "outbox_lag": (
        _("{waiting} changes wait to go out to Saleor, the oldest for {minutes} minutes."),
        _("Run a worker or loyalty_tick, and see whether Saleor answers."),
    ),
    "outbox_failed": (
        _("{count} changes could not be carried to Saleor."),
        _("Look at them in the back office under Membership, Operations, and try them again."),
    ),
    "job_failed": (
        _("The last run of the job '{job}' failed: {error}"),
        _("Mend the cause; the next run goes on where it stopped."),
    ),
    "job_stalled": (
        _("The job '{job}' is unfinished and has shown no sign of life for {minutes} minutes."),
        _("It was killed. The next run of a worker or of loyalty_tick goes on where it stopped."),
    ),
    "nobody_works": (
        _("No worker is alive, and loyalty_tick has not run for two hours."),
        _("Run one of the two: python manage.py procrastinate worker, or loyalty_tick from cron."),
    ),
    "task_failed": (
        _("{count} runs of the task '{task}' failed within a day."),
        _("Read the worker's log; the work itself is still due and will be tried again."),
    ),
    "ledger_guard": (
        _("The ledger's guard is not whole: {what} at {where} (expected {expected}, found {found})."),
        _("See docs/ledger.md on grants and triggers, then run loyalty_verify."),
    ),
    "unsealed": (
        _("Ledger entries have waited for {minutes} minutes to be sealed into the chain."),
        _("Run a worker or loyalty_tick. If it stays: find the transaction that was left open in the database."),
    ),
}  # fmt: skip


def told(code: str, facts: Mapping[str, Any]) -> tuple[str, str]:
    """What is wrong and the next step, in the language that is active."""
    what, step = ADVICE[code]
    return str(what).format(**facts), str(step).format(**facts)
