"""How we stand at each Saleor, in the back office: state, what is wrong with its next step, and the acts that mend it."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from loyalty_plugin.admin.access import Page, crumb
from loyalty_plugin.admin.advice import told
from loyalty_plugin.conf import settings
from loyalty_plugin.errors import LoyaltyError, PermissionDenied
from loyalty_plugin.models.realms import Mode, Realm
from loyalty_plugin.policies import Operation, require
from loyalty_plugin.queries.realms import Standing, standings
from loyalty_plugin.registry import ports
from loyalty_plugin.saleor.manifest import wanted
from loyalty_plugin.services.realms import mark_reconciled, set_live

#: What each mode means for the shop, in a sentence.
MODES: Final[dict[str, Any]] = {
    Mode.ASSISTED: gettext_lazy(
        "Customers talk to Saleor themselves, and member prices follow by events. Whoever cheats is found with the order: "
        "it becomes an incident."
    ),
    Mode.CONFIRMED: gettext_lazy(
        "Orders wait unconfirmed until they were compared with what was promised. What is as promised is confirmed at "
        "once, what is not waits for you. The channels must not confirm orders by themselves."
    ),
    Mode.ENFORCED: gettext_lazy(
        "Customers buy at this site's own door, which writes each price with the change itself and completes nothing that "
        "differs. Saleor must let no storefront in, and your pages must buy there."
    ),
}


class ConnectionsView(Page):
    """Each Saleor with its state and what is to be done."""

    operation = Operation.VIEW_OPERATIONS
    template_name = "loyalty_plugin/admin/connections.html"
    header_icon = "link"

    def get_page_title(self) -> str:
        return _("Connections")

    def trail(self) -> list[dict[str, Any]]:
        return [crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = standings(self.actor, now=ports.clock.now(), permissions=wanted().keys())
        return super().get_context_data(
            **kwargs,
            connections=[_shown(one) for one in found],
            may_mend=self.may(Operation.RETRY_OPERATIONS),
            may_choose=self.may(Operation.PUBLISH_PROGRAMME),
            modes=[(mode, words, MODES[mode]) for mode, words in Mode.choices],
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        act, _sep, url = request.POST.get("act", "").partition(" ")
        require(self.actor, Operation.RETRY_OPERATIONS)
        # What is not on the list is called by nobody.
        if url not in settings.SALEOR_API_URLS:
            raise Http404
        try:
            self._do(act, url)
        except PermissionDenied:
            raise
        except LoyaltyError as error:
            self.refuse(error)
        return redirect("loyalty_connections:index")

    def _do(self, act: str, url: str) -> None:
        now = ports.clock.now()
        if act == "look":
            ports.connection.review(url, now=now)
            messages.success(self.request, _("Looked a moment ago."))
        elif act == "mend":
            ports.connection.mend(url, now=now)
            messages.success(self.request, _("Done. Below is what is left."))
        elif act in ("live", "staging"):
            realm = Realm.objects.filter(api_url=url).first()
            if realm is None:
                raise Http404
            set_live(self.actor, realm_id=realm.pk, live=act == "live", now=now)


class ReconciledView(Page):
    """What it means to say that both sides agree again, then the act."""

    operation = Operation.RETRY_OPERATIONS
    template_name = "loyalty_plugin/admin/reconciled.html"
    header_icon = "link"

    @cached_property
    def realm(self) -> Realm:
        found = Realm.objects.filter(pk=self.kwargs["realm_id"]).first()
        if found is None:
            raise Http404
        return found

    def get_page_title(self) -> str:
        return _("Both sides agree again")

    def trail(self) -> list[dict[str, Any]]:
        return [crumb(_("Connections"), "../../"), crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs, realm=self.realm)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        now = ports.clock.now()
        mark_reconciled(self.actor, realm_id=self.realm.pk, through=now, now=now)
        messages.success(request, _("Noted. The gap is closed, and points may be spent."))
        return redirect("loyalty_connections:index")


def _shown(one: Standing) -> dict[str, Any]:
    """One Saleor as the page tells of it."""
    row, realm = one.installation, one.realm
    held = set(row.permissions) if row else set()
    manifest = settings.PUBLIC_URL + reverse("loyalty:saleor:manifest")
    return {
        "url": one.api_url,
        "host": urlsplit(one.api_url).netloc,
        "realm": realm,
        "chip": _chip(one),
        "troubles": [
            {"level": trouble.level, "what": what, "next": step}
            for trouble in one.troubles
            for what, step in [told(trouble.code, {"manifest": manifest, **trouble.facts})]
        ],
        "permissions": [(code, why, code in held) for code, why in wanted().items()] if row else [],
        "facts": [
            (label, date_format(localtime(at), "DATETIME_FORMAT") if at else _("never"))
            for label, at in (
                (_("Installed"), row and row.installed_at),
                (_("Last looked"), row and row.looked_at),
                (_("Last event"), one.heard_at),
                (_("Reconciled up to"), realm and realm.reconciled_at),
            )
        ],
        "open": bool(realm and (realm.held or realm.gap_since or one.name == "restored_here")),
        "comparable": row is not None and row.state == row.State.ACTIVE and realm is not None and realm.live,
        "mendable": one.listed and row is not None,
    }


def _chip(one: Standing) -> str:
    if any(trouble.level == "error" for trouble in one.troubles):
        return "broken"
    if one.realm is not None and not one.realm.live:
        return "staging"
    if one.installation is None:
        return "unconnected"
    return "limping" if one.troubles else "active"
