"""Addresses of the words of messages."""

from django.urls import path

from kacang.web.console.wording import matrix, pages, rules

urlpatterns = [
    path("messages/rules/", rules.rules_page, name="console_message_rules"),
    path("messages/templates/", matrix.matrix, name="console_wording"),
    path("messages/templates/switch/", pages.switch, name="console_wording_switch"),
    path("messages/templates/<str:event>/<str:channel>/", pages.edit, name="console_wording_edit"),
]
