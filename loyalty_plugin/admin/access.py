"""Who is at the door of the back office and whether a page may open; services remain the authority for every act."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.views.generic import TemplateView
from wagtail.admin.views.generic.base import WagtailAdminTemplateMixin

from loyalty_plugin.admin.words import sentence
from loyalty_plugin.domain.actors import Actor
from loyalty_plugin.errors import LoyaltyError
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


class BackOfficeMixin:
    """Opens a page to staff with one permission, and knows the actor and the time."""

    operation: Operation
    request: HttpRequest

    @cached_property
    def actor(self) -> Actor:
        return actor_of(self.request)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not allows(actor_of(request), self.operation):
            raise Forbidden
        response: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
        return response

    def get_breadcrumbs_items(self) -> list[dict[str, Any]]:
        """Where one is: home, then whatever leads here, then this page."""
        base: list[dict[str, Any]] = list(super().get_breadcrumbs_items())  # type: ignore[misc]
        return [*base, *self.trail()]

    def trail(self) -> list[dict[str, Any]]:
        """Breadcrumbs from the menu to this page."""
        return []

    def refuse(self, error: LoyaltyError) -> None:
        """Tell what was wrong, in words."""
        messages.error(self.request, sentence(error))

    def may(self, operation: Operation) -> bool:
        """Whether the actor may do this: for buttons that would only be refused."""
        return allows(self.actor, operation)


class Page(BackOfficeMixin, WagtailAdminTemplateMixin, TemplateView):
    """A page of our own in Wagtail's furniture."""
