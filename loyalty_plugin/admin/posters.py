"""Posters for the counter: choose the channel and name the place, print A4 or A6; drawing is the card room's."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from loyalty_plugin.admin.access import Page, crumb
from loyalty_plugin.admin.words import sentence
from loyalty_plugin.conf import settings
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.posters import LONGEST_REF, channels, poster
from loyalty_plugin.registry import ports


class PosterForm(forms.Form):
    """Which poster."""

    channel = forms.ChoiceField(label=gettext_lazy("Channel"))
    ref = forms.CharField(
        label=gettext_lazy("Where it hangs"),
        required=False,
        max_length=LONGEST_REF,
        help_text=gettext_lazy(
            "For example: till 2. Kept with everybody who joins by this poster, so that you see which one works."
        ),
    )


class IndexView(Page):
    """The form, and once it is filled in the two PDFs and the address that their code says."""

    operation = Operation.VIEW_MEMBERS
    template_name = "loyalty_plugin/admin/posters.html"
    header_icon = "doc-full"

    def get_page_title(self) -> str:
        return _("Posters")

    def trail(self) -> list[dict[str, Any]]:
        return [crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        known = channels(self.actor)
        form = PosterForm(self.request.GET if "channel" in self.request.GET else None)
        form.fields["channel"].choices = [(slug, f"{slug} · {name}") for slug, name in known]  # type: ignore[attr-defined]
        found = None
        if form.is_bound and form.is_valid():
            query = urlencode(form.cleaned_data)
            address = reverse("loyalty_posters:pdf")
            view = poster(self.actor, **form.cleaned_data, base=base_of(self.request), now=ports.clock.now())
            found = {
                "address": view.address,
                "files": [(size, f"{address}?{query}&size={size}") for size in ("A4", "A6")],
            }
        return super().get_context_data(**kwargs, form=form, channels=known, found=found)


class PdfView(Page):
    """One poster to print."""

    operation = Operation.VIEW_MEMBERS

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        from loyalty_plugin.cards.posters import render_poster

        asked = request.GET
        size = "A6" if asked.get("size") == "A6" else "A4"
        try:
            view = poster(
                self.actor,
                channel=asked.get("channel", ""),
                ref=asked.get("ref", ""),
                base=base_of(request),
                now=ports.clock.now(),
            )
            pdf = render_poster(view, size=size)  # type: ignore[arg-type]
        except LoyaltyError as error:
            messages.error(request, sentence(error))
            return redirect("loyalty_posters:index")
        response = HttpResponse(pdf, content_type="application/pdf")
        response["Content-Disposition"] = f'inline; filename="join-{size.lower()}.pdf"'
        return response


def base_of(request: HttpRequest) -> str:
    """Scheme and host of the shop: the setting, since the back office may be reached by another name."""
    return str(settings.PUBLIC_URL or request.build_absolute_uri("/"))
