"""What somebody types who joins; it checks shape, the service judges. Wordings of consents come back signed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core import signing
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from loyalty_plugin.domain.consents import LONGEST, Answer, ConsentChannel
from loyalty_plugin.errors import LoyaltyError
from loyalty_plugin.queries.consents import wordings
from loyalty_plugin.storefront.words import refusal

_SALT = "loyalty_plugin.storefront.consent"
_EMPTY = {"required": _("Please fill this in.")}
#: Details of a refusal that are fields of the form.
_FIELDS = ("email", "phone", "birthday", "name")


class MemberForm(forms.Form):
    """What the forms of members have in common: boxes of consents apart, and refusals at the field they are about."""

    @property
    def consent_fields(self) -> list[forms.BoundField]:
        """The boxes of consents."""
        return [self[name] for name in self.fields if name.startswith("consent_")]

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        """The others."""
        return [self[name] for name in self.fields if not name.startswith("consent_")]

    def answers(self) -> list[Answer]:
        """What was answered, each consent in the words that were shown."""
        found = ((name, self.cleaned_data.get(name)) for name in self.fields if name.startswith("consent_"))
        return [answer for _name, answer in found if answer is not None]

    def refuse(self, error: LoyaltyError) -> None:
        """Show a refusal of the service at the field it is about."""
        field = next((name for name in _FIELDS if name in error.details and name in self.fields), None)
        self.add_error(field, refusal(error))


class JoinForm(MemberForm):
    """Name, e-mail or phone, birthday, and a box for each consent that is asked.

    `customer` says that somebody is signed in: then their account has name and e-mail. `wording` (channel to words)
    replaces what the settings say. The words that were shown come back signed, so that exactly those are kept.
    """

    name = forms.CharField(
        label=_("Name"),
        max_length=500,
        error_messages=_EMPTY,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    email = forms.EmailField(
        label=_("E-mail"),
        required=False,
        error_messages={"invalid": _("This is not a complete e-mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    phone = forms.CharField(
        label=_("Phone"),
        required=False,
        max_length=40,
        help_text=_("E-mail or phone: one of them is enough."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )
    birthday = forms.DateField(
        label=_("Birthday"),
        required=False,
        help_text=_("If you like. For a present on the day."),
        error_messages={"invalid": _("This date can’t be right.")},
        widget=forms.DateInput(attrs={"type": "date", "autocomplete": "bday"}, format="%Y-%m-%d"),
    )

    def __init__(
        self,
        *args: Any,
        customer: bool = False,
        wording: Mapping[ConsentChannel, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        if customer:
            for field in ("name", "email"):
                del self.fields[field]
            self.fields["phone"].help_text = _("If you like. At the counter we find you by it.")
        language = get_language() or "en"
        for channel, text in (wordings(language) if wording is None else wording).items():
            box = forms.CheckboxInput(attrs={"value": signed(channel, text, language)})
            self.fields[f"consent_{channel}"] = _SignedBox(label=text, required=False, widget=Box(box.attrs))


class Box(forms.CheckboxInput):
    """A box whose value is the signed wording."""

    def __init__(self, attrs: Any = None) -> None:
        super().__init__(attrs, check_test=lambda value: bool(value))

    def value_from_datadict(self, data: Any, files: Any, name: str) -> Any:
        return data.get(name, "")

    def format_value(self, value: Any) -> Any:
        return self.attrs["value"]


class _SignedBox(forms.CharField):
    """Ticked: the words that were signed when the page was made. What nobody signed is no consent."""

    def clean(self, value: Any) -> Answer | None:
        return read_signed(value) if value else None


def signed(channel: ConsentChannel, text: str, language: str) -> str:
    """The value of a box: which channel, which words, in which language."""
    return signing.dumps([channel.value, text[:LONGEST], language], salt=_SALT, compress=True)


def read_signed(value: str) -> Answer:
    """The answer a ticked box stands for. Raises ValidationError for words that are not ours, or older than a day."""
    try:
        channel, text, language = signing.loads(value, salt=_SALT, max_age=86_400)
        return Answer(ConsentChannel(channel), True, text, language)
    except (signing.BadSignature, ValueError):
        raise forms.ValidationError(_("Please read this again and tick it once more.")) from None
