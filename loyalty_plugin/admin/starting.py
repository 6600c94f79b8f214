"""Programmes in the back office: those there are, with their versions, and the way to a new one from a preset."""

from __future__ import annotations

import zoneinfo
from datetime import datetime
from functools import cache
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from loyalty_plugin.admin.access import Page, crumb
from loyalty_plugin.admin.words import sentence
from loyalty_plugin.builtin.presets import PRESETS, preset
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.programmes import Programme, ProgrammeVersion
from loyalty_plugin.models.realms import Realm
from loyalty_plugin.policies import Operation
from loyalty_plugin.registry import ports
from loyalty_plugin.services import programmes


@cache
def _zones() -> list[tuple[str, str]]:
    """All time zones there are; looking for them reads hundreds of files."""
    return [(name, name) for name in sorted(zoneinfo.available_timezones())]


class LongSelect(forms.Select):
    """A select of hundreds of choices, written at once: Django renders a template for each, half a second in all."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chosen = {str(one) for one in self.format_value(value)}
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (key, mark_safe(" selected") if str(key) in chosen else "", label)
                for key, label in self.choices
            ),
        )
        given = flatatt({**self.build_attrs(self.attrs, attrs), "name": name})
        return format_html("<select{}>{}</select>", given, options)


class StartForm(forms.Form):
    """A new programme from a preset."""

    preset = forms.ChoiceField(
        label=gettext_lazy("Start from"),
        widget=forms.RadioSelect,
        choices=lambda: [(one.code, f"{one.label} — {one.description}") for one in PRESETS.values()],
    )
    name = forms.CharField(label=gettext_lazy("Name of the programme"), max_length=120)
    currency = forms.CharField(
        label=gettext_lazy("Currency"),
        max_length=3,
        help_text=gettext_lazy("Three letters, such as EUR. It can't be changed later."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters"}),
    )
    timezone = forms.ChoiceField(
        label=gettext_lazy("Time zone"),
        widget=LongSelect,
        choices=_zones,
        initial="UTC",
        help_text=gettext_lazy("A day of the programme runs from midnight to midnight here."),
    )
    channels = forms.CharField(
        label=gettext_lazy("Saleor channels"),
        required=False,
        help_text=gettext_lazy("Slugs, separated by commas. They can be added later."),
    )


class IndexView(Page):
    """Programmes with their versions, or the way to the first one."""

    operation = Operation.EDIT_PROGRAMME
    template_name = "loyalty_plugin/admin/programmes.html"
    header_icon = "order"

    def get_page_title(self) -> str:
        return _("Programme")

    def trail(self) -> list[dict[str, Any]]:
        return [crumb(self.get_page_title())]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        now = ports.clock.now()
        found = [
            (programme, _with_states(programme, now), zoneinfo.ZoneInfo(programme.timezone))
            for programme in Programme.objects.prefetch_related("channels").order_by("pk")
        ]
        return super().get_context_data(
            **{"form": StartForm(), **kwargs},
            programmes=found,
            may_publish=self.may(Operation.PUBLISH_PROGRAMME),
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = StartForm(request.POST)
        if form.is_valid():
            try:
                draft = self._start(form.cleaned_data)
            except LoyaltyError as error:
                form.add_error(None, sentence(error))
            else:
                messages.success(request, _("The draft is ready. Look it over, then publish it."))
                return redirect("loyalty_programme:draft", draft.pk)
        return self.render_to_response(self.get_context_data(form=form))

    def _start(self, asked: dict[str, Any]) -> ProgrammeVersion:
        now, currency = ports.clock.now(), asked["currency"].upper()
        code, taken = slugify(asked["name"]) or "programme", 1
        while Programme.objects.filter(code=f"{code}-{taken}" if taken > 1 else code).exists():
            taken += 1
        draft = programmes.create_programme(
            self.actor,
            code=f"{code}-{taken}" if taken > 1 else code,
            name=asked["name"],
            currency=currency,
            timezone=asked["timezone"],
            document=preset(asked["preset"]).build(currency),
            now=now,
        )
        slugs = [slug.strip() for slug in asked["channels"].split(",") if slug.strip()]
        realm = Realm.objects.order_by("pk").first()
        if slugs and realm is not None:
            programmes.serve_channels(
                self.actor, programme_id=draft.programme_id, realm_id=realm.pk, slugs=slugs, now=now
            )
        return draft


def _with_states(programme: Programme, now: datetime) -> list[tuple[ProgrammeVersion, str]]:
    """Versions, newest first, each with its state: a draft, planned, in force, or over."""
    rows = list(programme.versions.select_related("author").defer("document"))
    begun = [row for row in rows if row.starts_at is not None and row.starts_at <= now]
    current = max(begun, key=lambda row: (row.starts_at, row.number), default=None)

    def state(row: ProgrammeVersion) -> str:
        if row.status == ProgrammeVersion.Status.DRAFT or row.starts_at is None:
            return "draft"
        if row == current:
            return "in_force"
        return "planned" if row.starts_at > now else "over"

    return [(row, state(row)) for row in rows]
