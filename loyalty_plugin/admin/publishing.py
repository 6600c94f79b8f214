"""Publishing in the back office: what a draft would do, shown before the act, and the act; reckons nothing itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, cast

from django import forms
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from django.utils.timezone import is_naive, make_aware
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from wagtail.admin import messages
from wagtail.admin.widgets import AdminDateTimeInput

from loyalty_plugin.admin.problems import worded
from loyalty_plugin.admin.programme import VersionPage
from loyalty_plugin.admin.progress import progress
from loyalty_plugin.admin.words import sentence, signed
from loyalty_plugin.domain.lots import local_day
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.errors import LoyaltyError, PreviewNeeded
from loyalty_plugin.models.previews import DraftPreview
from loyalty_plugin.models.programmes import ProgrammeVersion as VersionRow
from loyalty_plugin.policies import Operation
from loyalty_plugin.queries.comparisons.benefits import Ladder, by_tier
from loyalty_plugin.queries.comparisons.earning import samples
from loyalty_plugin.queries.comparisons.own_prices import VOUCHER, own_examples
from loyalty_plugin.queries.comparisons.prices import price_examples
from loyalty_plugin.queries.comparisons.terms import changed_names, changed_terms
from loyalty_plugin.queries.programmes import version_by_id, versions_of
from loyalty_plugin.registry import ports
from loyalty_plugin.services import previews, programmes

#: As far as anybody plans; days are reckoned from a start, and the calendar ends at 9999.
LAST_YEAR: Final = 9000

#: What may become of tiers that were earned.
TIERS: Final = [
    ("kept", gettext_lazy("Keep them until their period ends")),
    ("at_once", gettext_lazy("Judge them by the new rules on the first day")),
]


class PublishForm(forms.Form):
    """When the draft comes into force, and what becomes of tiers that were earned."""

    starts_at = forms.DateTimeField(
        label=gettext_lazy("In force from"),
        required=False,
        widget=AdminDateTimeInput,
        help_text=gettext_lazy("Empty: at once. A later version can't begin in the past."),
    )
    tiers = forms.ChoiceField(
        label=gettext_lazy("Tiers that were earned"),
        required=False,
        widget=forms.RadioSelect,
        choices=TIERS,
    )
    note = forms.CharField(label=gettext_lazy("What changes, for the record"), max_length=500, required=False)

    def clean_starts_at(self) -> datetime | None:
        """A start that a preview can be reckoned for."""
        starts_at: datetime | None = self.cleaned_data["starts_at"]
        if starts_at is not None and starts_at.year > LAST_YEAR:
            raise forms.ValidationError(_("This date is out of range."))
        return starts_at

    def judge_at_once(self) -> bool | None:
        """The choice, None where none was made."""
        return {"kept": False, "at_once": True}.get(self.cleaned_data["tiers"])


class PublishView(VersionPage):
    """What publishing would do, for who makes drafts; and the act, for who may publish."""

    operation = Operation.EDIT_PROGRAMME
    template_name = "loyalty_plugin/admin/publish.html"

    def get_page_title(self) -> str:
        return _("Publish") if self.may_publish else _("What publishing does")

    @cached_property
    def may_publish(self) -> bool:
        return self.may(Operation.PUBLISH_PROGRAMME)

    @cached_property
    def draft(self) -> ProgrammeVersion:
        return version_by_id(self.version.pk)

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if self.version.status == VersionRow.Status.PUBLISHED:
            return redirect("loyalty_programme:draft", self.version.pk)
        asked = parse_moment(request.GET.get("from", ""))
        return self.render_to_response(self.get_context_data(starts_at=asked))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        asked: datetime | None = kwargs.pop("starts_at", None)
        starts_at = asked or ports.clock.now()
        problems = programmes.draft_problems(self.version, starts_at)
        form = kwargs.pop("form", None) or self._form(asked)
        if not problems:
            kwargs |= self._effect(starts_at)
            self._with_effects(form, kwargs["preview"])
        return super().get_context_data(
            form=form,
            may_publish=self.may_publish,
            problems=worded(kwargs.pop("refused", None) or problems, self.version.document),
            **kwargs,
            first_day=starts_at.astimezone(self.zone()).date(),
            asked=asked.isoformat() if asked else "",
        )

    def _form(self, starts_at: datetime | None) -> PublishForm:
        anew = self.version.document["tier_settings"]["re_evaluate"]
        chosen = {"tiers": "at_once" if anew else "kept", "note": self.version.note, "starts_at": starts_at}
        return self._fitting(PublishForm(initial=chosen))

    def _fitting(self, form: PublishForm) -> PublishForm:
        """Before the first version nobody has earned a tier, so nothing is to be chosen; nor by who only looks."""
        if not self.may_publish or not versions_of(self.version.programme_id).all:
            del form.fields["tiers"]
        if not self.may_publish:
            del form.fields["note"]
        return form

    def _with_effects(self, form: PublishForm, preview: DraftPreview | None) -> PublishForm:
        """Each choice says how many would lose something by it, once that is known."""
        if preview is not None and preview.status == DraftPreview.Status.READY and "tiers" in form.fields:
            field = cast(forms.ChoiceField, form.fields["tiers"])
            field.choices = [
                (
                    way,
                    _("%(choice)s: %(members)s") % {"choice": label, "members": _losing(preview.losing[way])},
                )
                for way, label in TIERS
            ]
        return form

    def _effect(self, starts_at: datetime) -> dict[str, Any]:
        now = ports.clock.now()
        preview = previews.look(self.actor, version_id=self.version.pk, starts_at=starts_at, now=now)
        versions = versions_of(self.version.programme_id)
        old = versions.at(starts_at) if versions.all else None
        channel = self.version.programme.channels.order_by("pk").values_list("slug", flat=True).first() or ""
        day = local_day(starts_at, self.draft.zone)
        own, silent = own_examples(old, self.draft, starts_at)
        found: dict[str, Any] = {
            "effect": True,
            "own": own,
            "silent": silent,
            "voucher": VOUCHER,
            "preview": preview,
            "running": preview is not None and preview.status == DraftPreview.Status.RUNNING,
            "prices": price_examples(old, self.draft, day, channel=channel),
            "samples": samples(old, self.draft, day, channel=channel),
            "may_see_members": self.may(Operation.VIEW_MEMBERS),
        }
        if old is not None:
            ladder = Ladder.between(old, self.draft)
            found |= {
                "replaces": old,
                "moves": _moves(preview, ladder),
                "tiers": by_tier(ladder),
                "terms": changed_terms(old, self.draft),
                "names": changed_names(old, self.draft),
            }
        if preview is not None and found["running"]:
            found |= progress(preview.looked_at, preview.total, preview.created_at, now)
        return found

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.may_publish and "look" not in request.POST:
            raise Forbidden
        form = self._fitting(PublishForm(request.POST))
        starts_at, refused = None, None
        if form.is_valid():
            starts_at = form.cleaned_data["starts_at"]
            if "look" in request.POST:
                self._look_again(starts_at)
                return self.render_to_response(self.get_context_data(form=form, starts_at=starts_at))
            try:
                programmes.publish(
                    self.actor,
                    version_id=self.version.pk,
                    starts_at=starts_at,
                    note=form.cleaned_data["note"],
                    judge_at_once=form.judge_at_once() if "tiers" in form.fields else None,
                    now=ports.clock.now(),
                )
            except PreviewNeeded as error:
                messages.warning(request, sentence(error))
            except LoyaltyError as error:
                # The day itself is refused: what is shown is what would happen today.
                starts_at, refused = None, error.details.get("problems")
                form.add_error(None, sentence(error))
            else:
                messages.success(request, _("Published. It never changes from now on."))
                return redirect("loyalty_programme:index")
        context = self.get_context_data(form=form, starts_at=starts_at, refused=refused)
        return self.render_to_response(context)

    def _look_again(self, starts_at: datetime | None) -> None:
        now = ports.clock.now()
        if not programmes.draft_problems(self.version, starts_at or now):
            previews.look(
                self.actor, version_id=self.version.pk, starts_at=starts_at or now, now=now, again=True
            )


def parse_moment(text: str) -> datetime | None:
    """An instant from an address; None where it is none. Without an offset it is one of the page's time zone."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    if moment is None or moment.year > LAST_YEAR:
        return None
    return make_aware(moment) if is_naive(moment) else moment


def _losing(members: int) -> str:
    if not members:
        return _("nobody loses anything")
    return ngettext("%(n)s member loses something", "%(n)s members lose something", members) % {
        "n": signed(members)
    }


def _moves(preview: DraftPreview | None, ladder: Ladder) -> list[dict[str, Any]]:
    """Tier changes on the first day: from, to, and how many members in either way, most first."""
    if preview is None:
        return []
    kept, at_once = preview.moves["kept"], preview.moves["at_once"]
    pairs = sorted({*kept, *at_once}, key=lambda pair: (-at_once.get(pair, 0), pair))
    return [
        {
            "from": ladder.name(pair.split("|")[0]),
            "to": ladder.name(pair.split("|")[1]),
            "kept": kept.get(pair, 0),
            "at_once": at_once.get(pair, 0),
        }
        for pair in pairs
    ]
