"""Addresses of webhooks."""

from django.urls import path

from kacang.web.console.webhooks import pages

urlpatterns = [
    path("webhooks/", pages.webhook_list, name="console_webhooks"),
    path("webhooks/new/", pages.webhook_new, name="console_webhook_new"),
    path("webhooks/<str:uid>/", pages.webhook_page, name="console_webhook"),
    path("webhooks/<str:uid>/edit/", pages.webhook_edit, name="console_webhook_edit"),
    path("webhooks/<str:uid>/switch/", pages.webhook_switch, name="console_webhook_switch"),
    path("webhooks/<str:uid>/secret/", pages.webhook_secret, name="console_webhook_secret"),
    path("webhooks/<str:uid>/remove/", pages.webhook_remove, name="console_webhook_remove"),
    path("webhooks/<str:uid>/test/", pages.webhook_test, name="console_webhook_test"),
    path("webhooks/<str:uid>/replay/", pages.webhook_replay, name="console_webhook_replay"),
]
