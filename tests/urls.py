"""The urls of the tests' small host project: the plugin beside Wagtail, whose catch-all comes last."""

from django.contrib import admin
from django.urls import include, path
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.documents import urls as wagtaildocs_urls

urlpatterns = [
    path("django-admin/", admin.site.urls),
    path("admin/", include(wagtailadmin_urls)),
    path("documents/", include(wagtaildocs_urls)),
    path("loyalty/", include("loyalty_plugin.urls")),
    path("", include(wagtail_urls)),
]
