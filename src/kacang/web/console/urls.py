"""Addresses of the console: one module of addresses per group of pages."""

from django.urls import include, path

urlpatterns = [
    path("", include("kacang.web.console.account_urls")),
    path("", include("kacang.web.console.admin_urls")),
    path("", include("kacang.web.console.pages_urls")),
]
