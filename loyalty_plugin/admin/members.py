"""Members in the back office: found, listed, and one of them in one look; shows what queries give, decides nothing."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from wagtail.admin.forms.search import SearchForm

from loyalty_plugin.admin.access import Page
from loyalty_plugin.admin.words import KINDS, points, signed
from loyalty_plugin.models.members import Member
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.balances import balances_of, lots_of
from loyalty_plugin.queries.explanations.numbers import in_language
from loyalty_plugin.queries.explanations.sentences import explain, explain_more
from loyalty_plugin.queries.members import MembershipView, get_member, membership, search
from loyalty_plugin.queries.outlook import outlook
from loyalty_plugin.queries.statements import Movement, statement
from loyalty_plugin.queries.trail import requests_of, trail_of
from loyalty_plugin.registry import ports


class IndexView(Page):
    """All members this person may see, searched by number, card, e-mail, phone or part of a name."""

    operation = Operation.VIEW_MEMBERS
    template_name = "loyalty_plugin/admin/members.html"
    header_icon = "group"

    def get_page_title(self) -> str:
        return _("Members")

    def trail(self) -> list[dict[str, Any]]:
        return [{"url": "", "label": self.get_page_title()}]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        form = SearchForm(self.request.GET if "q" in self.request.GET else None)
        text = form.cleaned_data["q"] if form.is_bound and form.is_valid() else ""
        tier, state = self.request.GET.get("tier", ""), self.request.GET.get("state", "")
        found = search(self.actor, text, tier=tier, state=state)
        page = Paginator(found, 50).get_page(self.request.GET.get("p"))
        balances = balances_of([member.pk for member in page])
        return super().get_context_data(
            **kwargs,
            search_form=form,
            text=text,
            tier=tier,
            state=state,
            tiers=sorted(set(Member.objects.values_list("tier", flat=True).distinct()) - {""}),
            states=Member.Status.choices,
            page=page,
            rows=[(member, balances[member.pk]) for member in page],
        )


class MemberView(Page):
    """One member: the answer on top, history below, acts where the eye ends."""

    operation = Operation.VIEW_MEMBERS
    template_name = "loyalty_plugin/admin/member.html"
    header_icon = "user"

    @cached_property
    def view(self) -> MembershipView:
        return membership(self.actor, self.kwargs["member_id"], ports.clock.now())

    def get_page_title(self) -> str:
        return self.view.name or self.view.number

    def trail(self) -> list[dict[str, Any]]:
        return [
            {"url": reverse("loyalty_members:index"), "label": _("Members")},
            {"url": "", "label": self.get_page_title()},
        ]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        view, member = self.view, get_member(self.actor, self.kwargs["member_id"])
        before = self.request.GET.get("before", "")
        page = statement(member.pk, before=int(before) if before.isdigit() else None, limit=20)
        return super().get_context_data(
            **kwargs,
            member=member,
            view=view,
            tier=in_language(view.tier.name, view.tier.code),
            outlook=outlook(view.forecast, view.version),
            lots=lots_of(member.pk, view.version),
            movements=[_row(movement, view) for movement in page.movements],
            older=page.before,
            requests=requests_of(member.pk),
            records=trail_of(f"member:{member.pk}"),
            may_adjust=self.may(Operation.ADJUST_POINTS),
            may_issue=self.may(Operation.ISSUE_CARDS),
            may_see_trail=self.may(Operation.VIEW_TRAIL),
            cards=member.cards.order_by("-issued_at"),
        )


def _row(movement: Movement, view: MembershipView) -> dict[str, Any]:
    data = movement.explanation or {}
    award = "rules" in data
    return {
        "entry_id": movement.entry_id,
        "day": movement.occurred_at.astimezone(view.version.zone),
        "what": KINDS.get(movement.kind, movement.kind),
        "order": movement.order_ref.rpartition("|")[2],
        "amount": signed(movement.amount) if movement.amount else "",
        "negative": movement.amount < 0,
        "moved": points(movement.available) if not movement.amount and movement.available else "",
        "balance": signed(movement.balance),
        "why": explain(data) if award else "",
        "more": explain_more(data) if award else [],
        "undoable": movement.kind == "adjust",
    }
