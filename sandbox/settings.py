"""The demo shop's Django settings; all that differs from run to run comes in through the environment.

DATABASE_URL, SECRET_KEY, SANDBOX_SHOP_URL, SANDBOX_SALEOR_URL and SANDBOX_DATA are set by `sandbox.launch`.
"""

import os
from pathlib import Path

from sandbox.postgres import django_database

HERE = Path(__file__).resolve().parent

SANDBOX_DATA = Path(os.environ.get("SANDBOX_DATA", HERE / ".data"))
SANDBOX_SHOP_URL = os.environ.get("SANDBOX_SHOP_URL", "http://localhost:8000")
SANDBOX_SALEOR_URL = os.environ.get("SANDBOX_SALEOR_URL", "http://localhost:8001")
SANDBOX_CHANNEL = os.environ.get("SANDBOX_CHANNEL", "default-channel")
# At a real Saleor: the token of the test payment App that `--seed` made there. The stand-in has a provider of its own.
SANDBOX_PAYMENTS_TOKEN = os.environ.get("SANDBOX_PAYMENTS_TOKEN", "")
SANDBOX_STANDIN = os.environ.get("SANDBOX_FOREIGN") != "1"
# A new shop may be begun in enforced mode: the stand-in lets no storefront in, and carts live at the plugin's own door.
# What anybody may see is then read with the token of an App that has no permission.
SANDBOX_ENFORCED = SANDBOX_STANDIN and os.environ.get("SANDBOX_ENFORCED") == "1"
SANDBOX_STOREFRONT_TOKEN = "sandbox-storefront-without-rights" if SANDBOX_ENFORCED else ""

SECRET_KEY = os.environ.get("SECRET_KEY", "")
DEBUG = os.environ.get("SANDBOX_DEBUG") == "1"
ALLOWED_HOSTS = ["*"]  # a demo is also looked at from the phone beside the laptop
ROOT_URLCONF = "sandbox.urls"
WSGI_APPLICATION = "sandbox.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "sandbox.shop",
    "sandbox.stamp_card",  # an extension in one file, as a shop may write its own
    "loyalty_plugin",
    "procrastinate.contrib.django",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "wagtail.contrib.forms",
    "wagtail.contrib.redirects",
    "wagtail.embeds",
    "wagtail.sites",
    "wagtail.users",
    "wagtail.snippets",
    "wagtail.documents",
    "wagtail.images",
    "wagtail.search",
    "wagtail.admin",
    "wagtail",
    "modelcluster",
    "taggit",
    "django_filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "wagtail.contrib.redirects.middleware.RedirectMiddleware",
    "sandbox.shop.middleware.SaleorAway",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "sandbox.shop.context.shop",
            ],
        },
    },
]

DATABASES = {"default": django_database(os.environ.get("DATABASE_URL", "postgresql:///not-started"))}
if "DATABASE_URL" in os.environ:  # else nobody answers, and a pool would wait half a minute before it says so
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 12}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("zh-hant", "繁體中文")]
FORMAT_MODULE_PATH = ["sandbox.formats"]
TIME_ZONE = "Europe/Berlin"
USE_I18N = True
USE_TZ = True

# Static files straight from the apps' folders: nothing to collect before the first page.
STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True
MEDIA_URL = "/media/"
MEDIA_ROOT = SANDBOX_DATA / "media"

EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
EMAIL_FILE_PATH = SANDBOX_DATA / "mail"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
    # httpx would log every read of the shop's catalogue, the others every page that is saved.
    "loggers": {
        name: {"level": "WARNING"}
        for name in ("httpx", "django_tasks", "wagtail", "procrastinate.blueprints", "procrastinate.periodic")
    },
}

LOYALTY = {
    "SALEOR_API_URLS": (f"{SANDBOX_SALEOR_URL}/graphql/",),
    "PUBLIC_URL": SANDBOX_SHOP_URL,
    "PHONE_REGION": "DE",
    "ENFORCED": SANDBOX_ENFORCED,
    "PAYMENTS": True,
    "STOREFRONT_CUSTOMER": "sandbox.shop.loyalty.customer",
    "STOREFRONT_CHANNELS": SANDBOX_CHANNEL,
    "STOREFRONT_PAGES": {
        "join": "/account/join/",
        "membership": "/account/",
        "sign_in": "/account/sign-in/",
    },
    "GRAPHQL_INTROSPECTION": True,  # a demo is there to be looked into
    "CARD_DESIGN_PARAMS": {
        "brand": "Kiln & Leaf",
        "contact": ["Lindenstraße 8, 04107 Leipzig", "hello@kiln-and-leaf.example"],
        "terms": "The card stays ours and is yours to use. Lost? Tell us, and this one ends at once.",
    },
}

DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # Wagtail's page editor
WAGTAIL_SITE_NAME = "Kiln & Leaf"
WAGTAILIMAGES_EXTENSIONS = [
    "avif",
    "gif",
    "jpg",
    "jpeg",
    "png",
    "svg",
    "webp",
]  # the shop's pictures are drawn
WAGTAILADMIN_BASE_URL = SANDBOX_SHOP_URL
WAGTAILSEARCH_BACKENDS = {"default": {"BACKEND": "wagtail.search.backends.database"}}
