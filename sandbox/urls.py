"""The demo shop's urls: the plugin, Wagtail's back office, the shop, and Wagtail's catch-all as the last."""

from django.conf import settings
from django.contrib import admin
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.urls import include, path, re_path
from django.views.static import serve
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls


def health(_request: HttpRequest) -> HttpResponse:
    """Answers once the shop serves requests and reaches its database; the launcher waits for it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return HttpResponse("ok", content_type="text/plain")


urlpatterns = [
    path("health/", health),
    path("loyalty/", include("loyalty_plugin.urls")),
    path("admin/", include(wagtailadmin_urls)),
    path("django-admin/", admin.site.urls),
    path("documents/", include(wagtaildocs_urls)),
    # Pictures that editors upload. A real shop's web server does this.
    re_path(r"^media/(?P<path>.*)$", serve, {"document_root": settings.MEDIA_ROOT}),
    path("", include("sandbox.shop.urls")),
    path("", include(wagtail_urls)),
]
