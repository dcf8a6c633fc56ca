"""Settings: every value that differs between machines is read from the environment here."""

import os
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

PACKAGE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("KACANG_DATA", PACKAGE.parents[1] / "data"))


def _secret(name: str, fallback: str = "") -> str:
    """Read NAME, or the file that NAME_FILE points to. There is no default secret (L25)."""
    if value := os.environ.get(name):
        return value
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="ascii").strip()
    return fallback


def _list(name: str) -> list[str]:
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


# A process that was given no key makes its own: its cookies end with it, nothing else suffers.
SECRET_KEY = _secret("KACANG_SECRET_KEY") or os.urandom(32).hex()
SECRET_KEY_FALLBACKS = _list("KACANG_SECRET_KEY_FALLBACKS")
# 64 hexadecimal digits. Empty: whatever needs a merchant's key refuses to work.
MASTER_KEY = _secret("KACANG_MASTER_KEY")
# The one before it: opens what `kacang master-key rewrap` has not come to yet.
MASTER_KEY_PREVIOUS = _secret("KACANG_MASTER_KEY_PREVIOUS")
# A key service (KMS) that unwraps the master key, instead of having it here.
KEY_SERVICE = os.environ.get("KACANG_KEY_SERVICE", "")
KEY_SERVICE_KEY = os.environ.get("KACANG_KEY_SERVICE_KEY", "")
KEY_SERVICE_URL = os.environ.get("KACANG_KEY_SERVICE_URL", "")
MASTER_KEY_WRAPPED = _secret("KACANG_MASTER_KEY_WRAPPED")
# How long a process works with the unwrapped key while the service cannot be reached.
MASTER_KEY_CACHE_SECONDS = int(os.environ.get("KACANG_MASTER_KEY_CACHE_SECONDS", "3600"))
# For how many whole months calls to payment companies are kept, beside the current one.
CALL_LOG_MONTHS = max(1, int(os.environ.get("KACANG_CALL_LOG_MONTHS", "6")))
DEBUG = os.environ.get("KACANG_DEBUG") == "1"
PUBLIC_URL = os.environ.get("KACANG_PUBLIC_URL", "http://127.0.0.1:8000").rstrip("/")
# Hosts of shops are rows; the console can be bound to one host of its own (rule 29).
ALLOWED_HOSTS = _list("KACANG_HOSTS") or ["*"]
CONSOLE_HOST = os.environ.get("KACANG_CONSOLE_HOST", "")
# Addresses of proxies whose X-Forwarded-For is believed (rule 29).
TRUSTED_PROXIES = _list("KACANG_PROXIES")
METRICS_TOKEN = _secret("KACANG_METRICS_TOKEN")
# Outgoing calls may reach these private networks although they are private (rule 29).
PRIVATE_NETWORKS_ALLOWED = _list("KACANG_PRIVATE_NETWORKS_ALLOWED")
HTTPS = PUBLIC_URL.startswith("https://")
USE_X_FORWARDED_HOST = False

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "kacang.web",  # before allauth: our templates win
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "axes",
    "procrastinate.contrib.django",
    "kacang.merchants",
    "kacang.outbox",
    "kacang.catalog",
    "kacang.ledger",
    "kacang.messages",
    "kacang.vault",
    "kacang.stock",
    "kacang.logistics",
    "kacang.payments",
    "kacang.risk",
    "kacang.wallets",
    "kacang.customers",
    "kacang.orders",
    "kacang.supply",
    "kacang.reconciliation",
    "kacang.payouts",
    "kacang.aftersales",
    "kacang.reviews",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "kacang.web.middleware.RequestContext",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "kacang.web.faces.FaceCsrf",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "kacang.web.middleware.ReadableAddresses",
    "kacang.web.middleware.WrongMethods",
    "kacang.web.middleware.DomainErrors",
    "axes.middleware.AxesMiddleware",
]
# What machines reach (/api, /callbacks, /healthz …): no cookies, no pages, so none of the above.
MACHINE_MIDDLEWARE = [
    "kacang.web.middleware.RequestContext",
    "kacang.web.middleware.DomainErrors",
]
ROOT_URLCONF = "kacang.web.urls"
WSGI_APPLICATION = "kacang.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kacang.web.context.face",
            ],
            "builtins": ["kacang.web.templatetags.kacang"],
        },
    }
]

_database = conninfo_to_dict(
    os.environ.get("DATABASE_URL", "postgresql://kacang_app@127.0.0.1:5432/kacang")
)
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.pop("dbname", "kacang"),
        "USER": _database.pop("user", "kacang_app"),
        "PASSWORD": _database.pop("password", ""),
        "HOST": _database.pop("host", ""),
        "PORT": str(_database.pop("port", "")),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # Rule 31: only both together prepare anything.
        "OPTIONS": {"server_side_binding": True, "prepare_threshold": 5, **_database},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
TIME_ZONE = "UTC"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [PACKAGE / "locale"]
LANGUAGE_COOKIE_NAME = "kc_language"

AUTH_USER_MODEL = "merchants.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 10},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "/console/login/"
LOGIN_REDIRECT_URL = "/console/"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_ADAPTER = "kacang.web.console.account.signing_in.AccountAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_ADAPTER = "kacang.web.console.account.signing_in.MFAAdapter"
# Clocks of phones go wrong by half a minute.
MFA_TOTP_TOLERANCE = 1
ACCOUNT_SESSION_REMEMBER = True
USERSESSIONS_TRACK_ACTIVITY = True
AXES_FAILURE_LIMIT = 5
AXES_USERNAME_FORM_FIELD = "username"
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"], "username"]
AXES_RESET_ON_SUCCESS = True
# Trying again meanwhile must not make it longer than the page says.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False
AXES_CLIENT_IP_CALLABLE = "kacang.web.addresses.client_address"
AXES_LOCKOUT_CALLABLE = "kacang.web.console.account.signing_in.locked_out"

# Shops and console share no cookie: the session is the console's alone (rule 29).
SESSION_COOKIE_PATH = "/console"
SESSION_COOKIE_NAME = "kc_console"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_NAME = "kc_shop_csrf"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL] if HTTPS else []
MESSAGE_STORAGE = "kacang.web.faces.message_storage"
CSRF_FAILURE_VIEW = "kacang.web.errors.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "manifest-src": ["'self'"],
    }
}

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
MEDIA_ROOT = DATA / "media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = DEBUG
# Django's temporary files would be plaintext on disk (rule 27).
FILE_UPLOAD_HANDLERS = ["kacang.outbox.uploads.SealedUploadHandler"]
DATA_UPLOAD_MAX_MEMORY_SIZE = 64 * 2**20

# Months of the audit log and of orders' timelines that are kept; 0: all. Seals stay for ever.
LOG_MONTHS = int(os.environ.get("KACANG_LOG_MONTHS", "0"))

EMAIL_HOST = os.environ.get("KACANG_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("KACANG_SMTP_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("KACANG_SMTP_USER", "")
EMAIL_HOST_PASSWORD = _secret("KACANG_SMTP_PASSWORD")
EMAIL_USE_TLS = os.environ.get("KACANG_SMTP_TLS", "1" if EMAIL_HOST else "0") == "1"
EMAIL_TIMEOUT = 15
DEFAULT_FROM_EMAIL = os.environ.get("KACANG_MAIL_FROM", "kacang@localhost")


def _sms(company: str) -> dict[str, str]:
    """Read what a company for text messages needs; see docs/how-it-works/notices.md."""
    start = f"KACANG_SMS_{company}"
    names = {"id": "KEY_ID", "sign_name": "SIGN_NAME", "templates": "TEMPLATES",
             "app": "APP", "endpoint": "ENDPOINT"}  # fmt: skip
    read = {name: os.environ.get(f"{start}_{ending}", "") for name, ending in names.items()}
    return {**read, "secret": _secret(f"{start}_KEY_SECRET")}


SMS_ALIYUN, SMS_TENCENT = _sms("ALIYUN"), _sms("TENCENT")
# Where WeChat listens for mini-programs; empty: where it does.
WECHAT_ENDPOINT = os.environ.get("KACANG_WECHAT_ENDPOINT", "")

PROCRASTINATE_AUTODISCOVER_MODULE_NAME = None
PROCRASTINATE_IMPORT_PATHS = ["kacang.jobs"]
NINJA_NUM_PROXIES = 0

# Seconds by which the clock of the hot path is ahead of the database's; tests shift it (rule 10).
HOT_CLOCK_SHIFT_SECONDS = 0

LOGGING_CONFIG = "kacang.logs.configure"
LOGGING: dict[str, object] = {"level": os.environ.get("KACANG_LOG_LEVEL", "INFO")}
