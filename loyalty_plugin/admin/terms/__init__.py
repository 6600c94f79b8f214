"""The main terms of a draft as a form."""

from loyalty_plugin.admin.terms.form import TermsForm

__all__ = ["TermsForm"]
