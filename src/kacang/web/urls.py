"""Every address of the installation (DESIGN: faces). A test walks this list."""

from django.urls import include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.i18n import set_language

from kacang.web import errors, health
from kacang.web.access import public

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/", include("kacang.web.api.urls")),
    path("callbacks/", include("kacang.web.callbacks")),
    path("sandbox/", include("kacang.web.cashier.urls")),
    path("console/", include("kacang.web.console.urls")),
    path("language/", csrf_exempt(public(set_language)), name="set_language"),
    path("", include("kacang.web.design.urls")),
    path("s/<slug:merchant_slug>/", include(("kacang.web.shop.urls", "shop"), namespace="shop_of")),
    path("", include(("kacang.web.shop.urls", "shop"), namespace="shop")),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.server_error
handler429 = errors.too_many
