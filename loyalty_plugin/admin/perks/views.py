"""A draft's perks in the back office: those it has, a new one, one to change or take out; a published one to read."""

from __future__ import annotations

import copy
import itertools
from typing import Any

from django.forms.utils import ErrorDict
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from wagtail.admin import messages

from loyalty_plugin import registry
from loyalty_plugin.admin.access import crumb
from loyalty_plugin.admin.perks.form import PerkForm
from loyalty_plugin.admin.perks.shapes import Surroundings
from loyalty_plugin.admin.perks.words import DOES
from loyalty_plugin.admin.programme import VersionPage
from loyalty_plugin.admin.words import sentence
from loyalty_plugin.domain.extensions import Perk
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.models.prices import PriceList
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.queries.explanations.numbers import in_language
from loyalty_plugin.queries.goods import places_of
from loyalty_plugin.registry import ports
from loyalty_plugin.services import programmes


class _OfPerk(VersionPage):
    """One perk of a version: form, searching, saving."""

    template_name = "loyalty_plugin/admin/perk.html"

    @property
    def is_draft(self) -> bool:
        return self.version.status == ProgrammeVersion.Status.DRAFT

    @property
    def perk(self) -> Perk:
        raise NotImplementedError

    @property
    def entry(self) -> dict[str, Any]:
        """The perk as the version states it; empty for a new one."""
        return {}

    def get_page_title(self) -> str:
        return str(self.perk.label)

    def trail(self) -> list[dict[str, Any]]:
        name = _("Draft") if self.is_draft else _("Version")
        return [
            crumb(_("Programme"), reverse("loyalty_programme:index")),
            crumb(name, reverse("loyalty_programme:draft", args=[self.version.pk])),
            crumb(self.get_page_title()),
        ]

    def form(self, data: Any = None) -> PerkForm:
        """The form of this perk."""
        programme = self.version.programme
        tiers = sorted(self.version.document["tiers"], key=lambda tier: tier["rank"])
        by = Surroundings(
            programme.currency,
            [(tier["code"], in_language(tier["name"], tier["code"])) for tier in tiers],
            list(PriceList.objects.filter(programme=programme).order_by("name").values_list("code", "name")),
            self.zone(),
            places_of(programme.pk),
        )
        return PerkForm(self.perk, self.entry, by, data, frozen=not self.is_draft)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = kwargs.pop("form", None) or self.form()
        return super().get_context_data(
            **kwargs, form=form, draft=self.is_draft, perk=self.perk, does=DOES.get(self.perk.code, ""),
            known=bool(self.entry), nothing=self._nothing(),
        )  # fmt: skip

    def _nothing(self) -> str:
        if self.perk.code == "bundle":
            return _("Nothing is chosen yet. A part without goods is left out.")
        return _("Nothing is chosen yet.") if self.perk.code == "members_only" else ""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.is_draft:
            return redirect("loyalty_programme:draft", self.version.pk)
        if "remove" in request.POST:
            return self._save(None, _("The perk was taken out of the draft."))
        form = self.form(request.POST)
        if form.asks:
            return self.render_to_response(self.get_context_data(form=_unjudged(form)))
        if form.is_valid():
            try:
                return self._save(form.result(self._id()), _("Draft saved."))
            except LoyaltyError as error:
                form.add_error(None, sentence(error))
        messages.error(request, _("The perk was not saved. What is wrong is said at the field."))
        return self.render_to_response(self.get_context_data(form=form))

    def _id(self) -> str:
        """The perk's id, a free one for a new perk."""
        if self.entry:
            return str(self.entry["id"])
        taken = {one["id"] for one in self.version.document.get("perks") or ()}
        name = self.perk.code.replace("_", "-")[:46]
        numbered = (f"{name}-{number}" for number in itertools.count(2))
        return next(one for one in itertools.chain([name], numbered) if one not in taken)

    def _save(self, entry: dict[str, Any] | None, words: str) -> HttpResponse:
        document = copy.deepcopy(self.version.document)
        perks = list(document.get("perks") or ())
        place = next(
            (n for n, one in enumerate(perks) if self.entry and one["id"] == self.entry["id"]), len(perks)
        )
        perks[place : place + 1] = [] if entry is None else [entry]
        draft = programmes.save_draft(
            self.actor,
            programme_id=self.version.programme_id,
            document={**document, "perks": perks},
            note=self.version.note,
            now=ports.clock.now(),
        )
        messages.success(self.request, words)
        return redirect(reverse("loyalty_programme:draft", args=[draft.pk]) + "#perks-section")


class NewPerkView(_OfPerk):
    """A perk the draft has not yet."""

    @cached_property
    def perk(self) -> Perk:
        code = self.kwargs["code"]
        if code not in registry.perks or not self.is_draft:
            raise Http404
        return registry.perks.get(code)


class PerkView(_OfPerk):
    """A perk of the version."""

    @cached_property
    def entry(self) -> dict[str, Any]:
        perks = self.version.document.get("perks") or ()
        found = next((one for one in perks if one["id"] == self.kwargs["perk_id"]), None)
        if found is None or found["perk"] not in registry.perks:
            raise Http404
        return dict(found)

    @cached_property
    def perk(self) -> Perk:
        return registry.perks.get(self.entry["perk"])


def _unjudged(form: PerkForm) -> PerkForm:
    """A form that shows what was sent without saying what is wrong: nobody asked for it to be saved."""
    form._errors = ErrorDict()  # type: ignore[attr-defined]
    return form
