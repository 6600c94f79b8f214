"""What customers type: sign-in, registration, address; checks shape only, Saleor judges the rest."""

from django import forms
from django.utils.translation import gettext_lazy as _

COUNTRIES = [
    ("DE", _("Germany")),
    ("AT", _("Austria")),
    ("BE", _("Belgium")),
    ("CZ", _("Czechia")),
    ("DK", _("Denmark")),
    ("ES", _("Spain")),
    ("FR", _("France")),
    ("IE", _("Ireland")),
    ("IT", _("Italy")),
    ("NL", _("Netherlands")),
    ("PL", _("Poland")),
    ("PT", _("Portugal")),
    ("SE", _("Sweden")),
]


_EMPTY = {"required": _("Please fill this in.")}


def _text(label: str, autocomplete: str, **kwargs: object) -> forms.CharField:
    widget = forms.TextInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, max_length=256, widget=widget, error_messages=_EMPTY, **kwargs)


def _email() -> forms.EmailField:
    return forms.EmailField(
        label=_("E-mail"),
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={**_EMPTY, "invalid": _("This is not a complete e-mail address.")},
    )


def _password(autocomplete: str, **kwargs: object) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=_("Password"), widget=widget, error_messages=_EMPTY, **kwargs)


class SignInForm(forms.Form):
    email = _email()
    password = _password("current-password")


class RegisterForm(forms.Form):
    first_name = _text(_("First name"), "given-name")
    last_name = _text(_("Last name"), "family-name")
    email = _email()
    password = _password("new-password", min_length=8, help_text=_("At least eight characters."))


class ContactForm(forms.Form):
    email = _email()
    first_name = _text(_("First name"), "given-name")
    last_name = _text(_("Last name"), "family-name")
    street = _text(_("Street and number"), "address-line1")
    postal_code = _text(_("Postcode"), "postal-code")
    city = _text(_("Town"), "address-level2")
    country = forms.ChoiceField(
        label=_("Country"), choices=COUNTRIES, widget=forms.Select(attrs={"autocomplete": "country"})
    )
    phone = _text(_("Phone"), "tel", required=False, help_text=_("Only for the courier."))

    def address(self) -> dict[str, str]:
        """As Saleor's AddressInput."""
        data = self.cleaned_data
        return {
            "firstName": data["first_name"],
            "lastName": data["last_name"],
            "streetAddress1": data["street"],
            "postalCode": data["postal_code"],
            "city": data["city"],
            "country": data["country"],
            "phone": data["phone"],
        }
