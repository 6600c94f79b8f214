"""A version in the back office: edited as a draft, by main terms or as JSON; publishing is another page."""

from __future__ import annotations

import json
import zoneinfo
from datetime import tzinfo
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from loyalty_plugin.admin.access import Page, crumb
from loyalty_plugin.admin.perks import summary
from loyalty_plugin.admin.problems import worded
from loyalty_plugin.admin.terms import TermsForm
from loyalty_plugin.admin.words import sentence
from loyalty_plugin.errors import InvalidDraft, LoyaltyError
from loyalty_plugin.models.programmes import ProgrammeVersion
from loyalty_plugin.policies import Operation
from loyalty_plugin.registry import ports
from loyalty_plugin.services import programmes


class IndentedJSONField(forms.JSONField):
    """JSON that people read: indented, in their own script."""

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


class DraftForm(forms.Form):
    """The draft's rules as they are stored."""

    document = IndentedJSONField(
        label=gettext_lazy("Rules"),
        widget=forms.Textarea(attrs={"rows": 32, "spellcheck": "false", "class": "lp-code", "dir": "ltr"}),
        help_text=gettext_lazy(
            "Everything the programme promises, as JSON. Thresholds of tiers are in the currency's smallest unit."
        ),
        error_messages={
            "invalid": gettext_lazy("This is not JSON: look for a missing comma, quote or bracket.")
        },
    )
    note = forms.CharField(
        label=gettext_lazy("Note"),
        required=False,
        max_length=500,
        help_text=gettext_lazy("What this version changes, for those who read it later."),
    )


class OfVersion:
    """The version in the address, and the days of its programme."""

    kwargs: dict[str, Any]

    @cached_property
    def version(self) -> ProgrammeVersion:
        row = (
            ProgrammeVersion.objects.select_related("programme").filter(pk=self.kwargs["version_id"]).first()
        )
        if row is None:
            raise Http404
        return row

    def zone(self) -> tzinfo:
        return zoneinfo.ZoneInfo(self.version.programme.timezone)


class VersionPage(OfVersion, Page):
    """Something about one version."""

    operation = Operation.EDIT_PROGRAMME
    header_icon = "order"

    def get_page_subtitle(self) -> str:
        return _("%(programme)s, version %(number)s") % {
            "programme": self.version.programme,
            "number": self.version.number,
        }

    def trail(self) -> list[dict[str, Any]]:
        return [
            crumb(_("Programme"), reverse("loyalty_programme:index")),
            crumb(self.get_page_title()),
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(version=self.version, **kwargs)


class DraftView(VersionPage):
    """A draft to edit; a published version to read."""

    template_name = "loyalty_plugin/admin/draft.html"

    def get_page_title(self) -> str:
        return _("Draft") if self.version.status == ProgrammeVersion.Status.DRAFT else _("Version")

    @property
    def is_draft(self) -> bool:
        return self.version.status == ProgrammeVersion.Status.DRAFT

    def terms(self, data: Any = None) -> TermsForm:
        """The main terms of this version as a form; frozen where the version is published."""
        currency = self.version.programme.currency
        return TermsForm(self.version.document, currency, data, frozen=not self.is_draft)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        if self.is_draft and "problems" not in kwargs:
            found = programmes.draft_problems(self.version, ports.clock.now())
            kwargs["problems"] = worded(found, self.version.document)
        if self.is_draft and "form" not in kwargs:
            kwargs["form"] = DraftForm(initial={"document": self.version.document, "note": self.version.note})
        return super().get_context_data(
            **{"terms": self.terms(), "advanced": False, **kwargs},
            perks=summary.lines(self.version.document),
            perk_kinds=summary.kinds(),
            text=json.dumps(self.version.document, indent=2, ensure_ascii=False),
            draft=self.is_draft,
            may_publish=self.may(Operation.PUBLISH_PROGRAMME),
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Save the rules as JSON, or where none are sent, the main terms."""
        if "document" in request.POST:
            return self._save_rules(DraftForm(request.POST))
        terms = self.terms(request.POST)
        if not self.is_draft or not terms.is_valid():
            messages.error(request, _("The draft was not saved. What is wrong is said at the field."))
            return self.render_to_response(self.get_context_data(terms=terms))
        try:
            return self._save(terms.result(), self.version.note)
        except LoyaltyError as error:
            terms.add_error(None, sentence(error))
            problems = worded(_problems(error), terms.document)
            return self.render_to_response(self.get_context_data(terms=terms, problems=problems))

    def _save_rules(self, form: DraftForm) -> HttpResponse:
        problems: list[dict[str, str]] = []
        if form.is_valid():
            document = form.cleaned_data["document"]
            try:
                return self._save(document, form.cleaned_data["note"])
            except LoyaltyError as error:
                form.add_error(None, sentence(error))
                problems = worded(_problems(error), document)
        messages.error(self.request, _("The draft was not saved. What is wrong is said below."))
        return self.render_to_response(self.get_context_data(form=form, problems=problems, advanced=True))

    def _save(self, document: Any, note: str) -> HttpResponse:
        draft = programmes.save_draft(
            self.actor,
            programme_id=self.version.programme_id,
            document=document,
            note=note,
            now=ports.clock.now(),
        )
        messages.success(self.request, _("Draft saved."))
        return redirect("loyalty_programme:draft", draft.pk)


def _problems(error: LoyaltyError) -> list[dict[str, str]]:
    found = error.details.get("problems") if isinstance(error, InvalidDraft) else None
    return list(found) if isinstance(found, list) else []
