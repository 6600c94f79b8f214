"""The pages on which staff adjust points: form, consequence in numbers, done; every act is the service's."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from wagtail.admin import messages

from loyalty_plugin.admin.access import crumb
from loyalty_plugin.admin.members import OfMember
from loyalty_plugin.admin.words import becomes_request, points, sentence
from loyalty_plugin.domain.values import MAX_AMOUNT
from loyalty_plugin.errors import LoyaltyError, UnknownMember
from loyalty_plugin.models.members import Member
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.balances import balances_of
from loyalty_plugin.queries.entries import Adjustment, adjustment
from loyalty_plugin.queries.members import get_member
from loyalty_plugin.registry import ports
from loyalty_plugin.services import adjustments


class AdjustForm(forms.Form):
    """How many points, and why. The key makes a second click the same act."""

    amount = forms.IntegerField(
        label=gettext_lazy("Points"),
        help_text=gettext_lazy("A minus sign takes points away: −50."),
        min_value=-MAX_AMOUNT,
        max_value=MAX_AMOUNT,
    )
    reason = forms.ChoiceField(
        label=gettext_lazy("Reason"), choices=lambda: list(adjustments.REASONS.items())
    )
    words = forms.CharField(
        label=gettext_lazy("In words"),
        required=False,
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=gettext_lazy("Staff see it. It can be erased; the ledger keeps only its digest."),
    )
    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def clean_amount(self) -> int:
        amount: int = self.cleaned_data["amount"]
        if amount == 0:
            raise forms.ValidationError(_("Enter how many points to give or take."))
        return amount


class AdjustView(OfMember):
    """Form, then the consequence, then the act."""

    operation = Operation.ADJUST_POINTS
    template_name = "loyalty_plugin/admin/adjust.html"
    header_icon = "plus-inverse"

    def get_page_title(self) -> str:
        return _("Adjust points")

    def get_page_subtitle(self) -> str:
        return str(self.member)

    def trail(self) -> list[dict[str, Any]]:
        return [*super().trail(), crumb(self.get_page_title())]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.render_to_response(self.get_context_data(form=AdjustForm(), member=self.member))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = AdjustForm(request.POST)
        if not form.is_valid() or "change" in request.POST:
            return self.render_to_response(self.get_context_data(form=form, member=self.member))
        try:
            if "confirm" in request.POST:
                return self._act(form.cleaned_data)
            seen = adjustments.preview(
                self.actor,
                member_id=self.member.pk,
                amount=form.cleaned_data["amount"],
                reason=form.cleaned_data["reason"],
                now=ports.clock.now(),
            )
        except LoyaltyError as error:
            form.add_error(None, sentence(error))
            return self.render_to_response(self.get_context_data(form=form, member=self.member))
        context = self.get_context_data(
            form=form,
            member=self.member,
            preview=seen,
            before=points(seen.before),
            after=points(seen.after),
            change=points(form.cleaned_data["amount"]),
            reason=adjustments.REASONS[form.cleaned_data["reason"]],
            excess=becomes_request(seen.excess) if seen.excess else "",
        )
        return self.render_to_response(context)

    def _act(self, asked: dict[str, Any]) -> HttpResponse:
        outcome = adjustments.adjust(
            self.actor,
            member_id=self.member.pk,
            amount=asked["amount"],
            reason=asked["reason"],
            words=asked["words"],
            key=str(asked["key"]),
            now=ports.clock.now(),
        )
        if outcome.entry_id is not None:
            undo = reverse("loyalty_members:undo", args=[outcome.entry_id])
            messages.success(
                self.request,
                _("%(points)s for %(member)s: done.")
                % {"points": points(asked["amount"]), "member": self.member},
                buttons=[messages.button(undo, _("Take back"))],
            )
        else:
            messages.warning(
                self.request,
                _("%(points)s for %(member)s now wait for another person.")
                % {"points": points(asked["amount"]), "member": self.member},
            )
        return redirect("loyalty_members:member", self.member.pk)


class UndoView(OfMember):
    """Takes an adjustment back by a reversing entry, after a page that says so."""

    operation = Operation.ADJUST_POINTS
    template_name = "loyalty_plugin/admin/undo.html"
    header_icon = "undo"

    @cached_property
    def adjustment(self) -> Adjustment:
        found = adjustment(self.kwargs["entry_id"])
        if found is None:
            raise UnknownMember(entry=self.kwargs["entry_id"])
        return found

    @cached_property
    def member(self) -> Member:
        return get_member(self.actor, self.adjustment.member_id)

    def get_page_title(self) -> str:
        return _("Take an adjustment back")

    def get_page_subtitle(self) -> str:
        return str(self.member)

    def trail(self) -> list[dict[str, Any]]:
        return [*super().trail(), crumb(self.get_page_title())]

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self._too_late() or super().get(request, *args, **kwargs)

    def _too_late(self) -> HttpResponse | None:
        """Back to the member's page, with the reason, where there is nothing to take back any more."""
        if adjustments.undoable(self.actor, entry_id=self.kwargs["entry_id"]) is not None:
            return None
        words = (
            _("This was taken back already.")
            if self.adjustment.undone
            else _("This is your own membership. Somebody else has to do it.")
        )
        messages.warning(self.request, words)
        return redirect("loyalty_members:member", self.member.pk)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        before = balances_of([self.member.pk])[self.member.pk].available
        return super().get_context_data(
            **kwargs,
            member=self.member,
            amount=points(self.adjustment.amount),
            before=points(before),
            after=points(before - self.adjustment.amount),
            taken=self.adjustment.amount,
            two=self.adjustment.approved,
        )

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if (late := self._too_late()) is not None:
            return late
        try:
            outcome = adjustments.undo(self.actor, entry_id=self.kwargs["entry_id"], now=ports.clock.now())
        except LoyaltyError as error:
            self.refuse(error)
        else:
            done = outcome.entry_id is not None
            messages.success(request, _("Taken back.") if done else _("This now waits for another person."))
        return redirect("loyalty_members:member", self.member.pk)
