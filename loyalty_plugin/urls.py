"""Where the plugin's doors are; a host includes this once, under a prefix of its choice."""

from __future__ import annotations

from django.urls import path

from loyalty_plugin.graphql.backend.views import view as backend_view
from loyalty_plugin.graphql.views import view as graphql_view
from loyalty_plugin.storefront import views as pages
from loyalty_plugin.webhooks.api import urls as saleor_urls
from loyalty_plugin.webhooks.health import view as health_view

app_name = "loyalty"

urlpatterns = [
    path("graphql/", graphql_view, name="graphql"),
    # A redirect to the slash would lose the body.
    path("graphql", graphql_view),
    path("checkout/", backend_view, name="checkout"),
    path("checkout", backend_view),
    path("saleor/", saleor_urls),
    path("health", health_view, name="health"),
    path("join/", pages.join, name="join"),
    path("joined/", pages.joined, name="joined"),
    path("membership/", pages.my_membership, name="membership"),
    path("membership/preferences/", pages.my_preferences, name="preferences"),
    path("membership/benefits/", pages.want_benefits, name="want_benefits"),
    path("membership/check-in/", pages.check_in, name="check_in"),
    path("membership/card/", pages.take_card, name="take_card"),
]
