"""Addresses of the words of messages."""

from django.urls import path

from kacang.web.console.wording import pages

urlpatterns = [
    path("messages/templates/", pages.matrix, name="console_wording"),
    path("messages/templates/switch/", pages.switch, name="console_wording_switch"),
    path("messages/templates/<str:event>/<str:channel>/", pages.edit, name="console_wording_edit"),
]
