"""Ways to mount the plugin, right and wrong, each as a urlconf of its own; tests name them by attribute."""

from __future__ import annotations

from types import ModuleType

from django.conf.urls.i18n import i18n_patterns
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import include, path, re_path
from wagtail import urls as wagtail_urls

mount = path("loyalty/", include("loyalty_plugin.urls"))
pages = path("", include(wagtail_urls))


def everything(_request: HttpRequest) -> HttpResponse:
    """Another application that takes whatever comes."""
    return HttpResponse()


def login(request: HttpRequest) -> HttpResponse:
    """A site that shows nothing to strangers."""
    return HttpResponseRedirect(f"/accounts/login/?next={request.path}")


def _urlconf(name: str, patterns: list) -> ModuleType:
    module = ModuleType(name)
    module.urlpatterns = patterns  # type: ignore[attr-defined]
    return module


right = _urlconf("right", [mount, pages])
elsewhere = _urlconf("elsewhere", [path("shop/points/", include("loyalty_plugin.urls")), pages])
with_languages_beside = _urlconf("with_languages_beside", [mount, *i18n_patterns(pages)])
not_mounted = _urlconf("not_mounted", [pages])
by_language = _urlconf("by_language", [*i18n_patterns(mount, pages)])
by_language_but_default = _urlconf(
    "by_language_but_default", [*i18n_patterns(mount, pages, prefix_default_language=False)]
)
swallowed = _urlconf("swallowed", [re_path(r"^loyalty/", everything), mount])
with_a_slash = _urlconf("with_a_slash", [path("loyalty/saleor/events/", everything)])
behind_a_login = _urlconf("behind_a_login", [re_path(r"^", login)])
