"""Another way to guard member prices, in the back office: what it would mean, in numbers, then the choice."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from wagtail.admin import messages

from loyalty_plugin.admin.access import Page, crumb
from loyalty_plugin.admin.advice import told
from loyalty_plugin.admin.connections import MODES
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.realms import Mode, Realm
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.modes import mode_change
from loyalty_plugin.registry import ports
from loyalty_plugin.services.realms import set_mode


class ModeView(Page):
    """What a mode would mean for one Saleor, and the choice."""

    operation = Operation.PUBLISH_PROGRAMME
    template_name = "loyalty_plugin/admin/mode.html"
    header_icon = "link"

    @cached_property
    def realm(self) -> Realm:
        found = Realm.objects.filter(pk=self.kwargs["realm_id"]).first()
        if found is None or self.kwargs["mode"] not in Mode.values:
            raise Http404
        return found

    @property
    def mode(self) -> Mode:
        return Mode(self.kwargs["mode"])

    def get_page_title(self) -> str:
        return _("How member prices are guarded")

    def get_page_subtitle(self) -> str:
        return urlsplit(self.realm.api_url).netloc

    def trail(self) -> list[dict[str, Any]]:
        return [crumb(_("Connections"), reverse("loyalty_connections:index")), crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        found = mode_change(self.realm, self.mode, now=ports.clock.now())
        holes = [(one.level, *told(one.code, one.facts)) for one in found.holes]
        return super().get_context_data(
            **kwargs,
            realm=self.realm,
            before=(Mode(self.realm.mode).label, MODES[self.realm.mode]),
            after=(self.mode.label, MODES[self.mode]),
            same=self.realm.mode == self.mode,
            holes=[{"level": level, "what": what, "next": step} for level, what, step in holes],
            found=found,
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            set_mode(self.actor, realm_id=self.realm.pk, mode=self.mode, now=ports.clock.now())
        except LoyaltyError as error:
            self.refuse(error)
        else:
            messages.success(request, _("Member prices are guarded this way from now on."))
        return redirect("loyalty_connections:index")
