"""The page on which staff erase a member: what it does in numbers, a reason, done; the act is the service's."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from loyalty_plugin.admin.access import crumb
from loyalty_plugin.admin.members import OfMember
from loyalty_plugin.admin.words import points, sentence
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.policies import Operation
from loyalty_plugin.registry import ports
from loyalty_plugin.services import erasure


class EraseForm(forms.Form):
    """Why; nothing is chosen beforehand."""

    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"),
        choices=lambda: [("", _("Choose one")), *erasure.REASONS.items()],
        help_text=gettext_lazy("It stays in the trail."),
    )


class EraseView(OfMember):
    """The consequence, then the act."""

    operation = Operation.ERASE_MEMBERS
    template_name = "loyalty_plugin/admin/erase.html"
    header_icon = "bin"

    def get_page_title(self) -> str:
        return _("Erase a member")

    def get_page_subtitle(self) -> str:
        return str(self.member)

    def trail(self) -> list[dict[str, Any]]:
        return [*super().trail(), crumb(self.get_page_title())]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._shown(EraseForm())

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form, member_id = EraseForm(request.POST), self.member.pk
        if not form.is_valid():
            return self._shown(form)
        try:
            erasure.erase(
                self.actor, member_id=member_id, reason=form.cleaned_data["reason"], now=ports.clock.now()
            )
        except LoyaltyError as error:
            self.refuse(error)
        else:
            messages.success(request, _("Erased. What is left are numbers that name nobody."))
        return redirect("loyalty_members:member", member_id)

    def _shown(self, form: EraseForm) -> HttpResponse:
        try:
            told = erasure.preview(self.actor, member_id=self.member.pk, now=ports.clock.now())
        except LoyaltyError as error:
            return self.render_to_response(
                self.get_context_data(member=self.member, refused=sentence(error), form=form)
            )
        ends = told.available + told.pending
        return self.render_to_response(
            self.get_context_data(
                member=self.member,
                form=form,
                told=told,
                ends=points(ends) if ends else "",
                owed=points(-told.owed),
            )
        )
