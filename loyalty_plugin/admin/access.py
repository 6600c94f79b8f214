"""Who is at the door of the back office and whether a page may open; services remain the authority for every act."""

from __future__ import annotations

from datetime import tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from django.core.exceptions import PermissionDenied as Forbidden
from django.db.models import BigIntegerField
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.text import Truncator
from django.views.generic import TemplateView
from wagtail.admin import messages
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from loyalty_plugin.admin.words import sentence
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import LoyaltyError, NotFound, PermissionDenied
from loyalty_plugin.models.programmes import Programme
from loyalty_plugin.policies import Operation, allows
from loyalty_plugin.queries.staff import staff_actor
from loyalty_plugin.registry import ports


def actor_of(request: HttpRequest) -> Actor:
    """The staff actor behind a request, read once a request."""
    known = getattr(request, "_loyalty_actor", None)
    if known is None:
        known = staff_actor(request.user, via="admin", now=ports.clock.now())
        request._loyalty_actor = known  # type: ignore[attr-defined]
    return known


#: As many digits as the largest number of a column has; Python refuses to read very long ones.
_DIGITS = len(str(BigIntegerField.MAX_BIGINT))


def whole_number(text: str) -> int | None:
    """A whole number as a form or an address gives it; None for anything else, and for what no column holds."""
    number = int(text) if text.isdecimal() and len(text) <= _DIGITS else None
    return number if number is not None and number <= BigIntegerField.MAX_BIGINT else None


def crumb(label: Any, url: str = "") -> dict[str, Any]:
    """One breadcrumb; a name too long for the header is cut, the page shows it whole."""
    return {"url": url, "label": Truncator(str(label)).chars(40)}


class BackOfficeMixin:
    """Opens a page to staff with one permission, and knows the actor, the time and whose days are shown."""

    operation: Operation
    request: HttpRequest

    @cached_property
    def actor(self) -> Actor:
        return actor_of(self.request)

    def zone(self) -> tzinfo:
        """Whose days and times the page shows: the programme's, or the reader's where programmes differ."""
        zones = set(Programme.objects.values_list("timezone", flat=True).distinct()[:2])
        return ZoneInfo(zones.pop()) if len(zones) == 1 else timezone.get_current_timezone()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not allows(actor_of(request), self.operation):
            raise Forbidden
        try:
            with timezone.override(self.zone()):
                response: Any = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
                # Rendered here, or the template would show its times in another zone.
                return response.render() if hasattr(response, "render") else response
        except NotFound as error:
            raise Http404 from error
        except PermissionDenied as error:
            raise Forbidden from error

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Where one is: home, then whatever leads here, then this page."""
        base: list[dict[str, Any]] = list(super().get_breadcrumbs_items())  # type: ignore[misc]
        return [*base, *self.trail()]

    def trail(self) -> list[dict[str, Any]]:
        """Breadcrumbs from the menu to this page."""
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        heading = getattr(self, "get_page_subtitle", str)()
        return {"heading": heading, "zone_name": timezone.get_current_timezone_name(), **context}

    def refuse(self, error: LoyaltyError) -> None:
        """Tell what was wrong, in words."""
        messages.error(self.request, sentence(error))

    def may(self, operation: Operation) -> bool:
        """Whether the actor may do this: for buttons that would only be refused."""
        return allows(self.actor, operation)


class Page(BackOfficeMixin, WagtailAdminTemplateMixin, TemplateView):
    """A page of our own in Wagtail's furniture."""
