"""What a member may change on the page of preferences, as a form; the services judge what is sent."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings as host
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.translation import get_language, get_language_info
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as later

from loyalty_plugin.domain.consents import Answer, ConsentChannel
from loyalty_plugin.domain.programmes.version import ProgrammeVersion
from loyalty_plugin.models.members import Member
from loyalty_plugin.queries.consents import ConsentView, consents_of, wordings
from loyalty_plugin.queries.declines import declined_checkouts
from loyalty_plugin.storefront.forms import Box, MemberForm, read_signed, signed
from loyalty_plugin.storefront.visitor import scene


class PreferencesForm(MemberForm):
    """Name, phone, language, birthday, and a box for each way of being told news, ticked where that was agreed to."""

    name = forms.CharField(
        label=later("Name"),
        max_length=500,
        error_messages={"required": later("Please fill this in.")},
        widget=forms.TextInput(attrs={"autocomplete": "name", "dir": "auto"}),
    )
    phone = forms.CharField(
        label=later("Phone"),
        required=False,
        max_length=40,
        help_text=later("At the counter we find you by it."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    language = forms.ChoiceField(
        label=later("Language"), required=False, help_text=later("In which we write to you.")
    )
    birthday = forms.DateField(
        label=later("Birthday"),
        required=False,
        error_messages={"invalid": later("This date can’t be right.")},
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
    )

    def __init__(
        self,
        data: Any = None,
        *,
        member: Member,
        consents: Iterable[ConsentView],
        version: ProgrammeVersion,
    ) -> None:
        initial = {
            "name": member.name,
            "phone": member.phone,
            "language": _tag(member.language),
            "birthday": member.birthday,
        }
        super().__init__(data, initial=initial)
        language = self.fields["language"]
        language.choices = _languages(_tag(member.language))  # type: ignore[attr-defined]
        birthday = self.fields["birthday"]
        if member.birthday_locked_at is not None:
            birthday.disabled = True
            birthday.help_text = _("It has brought a present already. Our staff can change it for you.")
        else:
            birthday.help_text = _(
                "For a present on the day. After the first one only our staff can change it."
            )
        said = {one.channel: one for one in consents}
        asked = wordings(get_language() or "en")
        for channel in [*asked, *(one for one in said if one not in asked)]:
            before = said.get(channel)
            if channel in asked or (before is not None and before.given):
                field = _Standing(channel, before, asked, version)
                self.fields[f"consent_{channel}"] = field

    def changes(self) -> dict[str, Any]:
        """What was changed, for the service; a field that was left empty, but for the phone, changes nothing."""
        found = {
            name: self.cleaned_data[name] for name in self.changed_data if not name.startswith("consent_")
        }
        return {name: value for name, value in found.items() if value or name == "phone"}


class _Standing(forms.CharField):
    """A box that shows what stands. Ticked anew it is the signed words; no longer ticked, consent is taken back."""

    def __init__(
        self,
        channel: ConsentChannel,
        before: ConsentView | None,
        asked: Mapping[ConsentChannel, str],
        version: ProgrammeVersion,
    ) -> None:
        self.channel, self.given = channel, before is not None and before.given
        words = asked.get(channel, "")
        if before is not None and before.given:
            words = before.wording or words or str(_CHANNELS[channel])
        value = "kept" if self.given else signed(channel, words, get_language() or "en")
        super().__init__(
            label=words,
            required=False,
            initial=self.given,
            help_text=_since(before, version),
            widget=Box(attrs={"value": value}),
        )

    def clean(self, value: Any) -> Answer | None:
        if self.given:
            return None if value else Answer(self.channel, False)
        return read_signed(value) if value else None


#: Where nothing but the channel is known of what was once agreed to.
_CHANNELS: Mapping[ConsentChannel, Any] = {
    ConsentChannel.EMAIL: later("News by e-mail"),
    ConsentChannel.SMS: later("News by text message"),
    ConsentChannel.PHONE: later("News by phone"),
    ConsentChannel.POST: later("News by post"),
    ConsentChannel.PUSH: later("News on this device"),
    ConsentChannel.WECHAT: later("News on WeChat"),
}


def _since(before: ConsentView | None, version: ProgrammeVersion) -> str:
    if before is None:
        return ""
    words = {"when": date_format(before.at.astimezone(version.zone), "DATETIME_FORMAT")}
    if before.given:
        return _("You agreed to this on %(when)s. Untick it to take that back.") % words
    return _("You took this back on %(when)s.") % words


def _tag(language: str) -> str:
    return language.strip().lower().replace("_", "-")


def _languages(own: str) -> list[tuple[str, str]]:
    """The shop's languages by their own names; with the member's, where that is another."""
    codes = [code.lower() for code, _name in host.LANGUAGES]
    if own not in codes:
        codes.insert(0, own)
    return [(code, _name_of(code)) for code in codes]


def _name_of(code: str) -> str:
    if not code:
        return "—"
    try:
        return str(get_language_info(code)["name_local"]).capitalize()
    except KeyError:
        return code


@dataclass(frozen=True, slots=True)
class Preferences:
    """The form, the address that is the account's, and how many carts are without benefits by the member's own choice."""

    form: PreferencesForm
    email: str
    declined: int


def preferences(request: HttpRequest | None, data: Any = None) -> Preferences | None:
    """What the page shows to the member who looks; None for anybody else."""
    found = scene(request)
    if found is None or found.member is None:
        return None
    member = found.member
    form = PreferencesForm(
        data, member=member, consents=consents_of(found.actor, member.pk), version=found.version
    )
    carts = declined_checkouts(found.actor, member.pk, now=found.now)
    return Preferences(form, member.email, len(carts))
