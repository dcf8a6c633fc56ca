"""Addresses of the accounts for text messages, and of what those cost."""

from django.urls import path

from kacang.web.console.senders import costs, pages

urlpatterns = [
    path("messages/costs/", costs.cost_page, name="console_message_costs"),
    path("messages/senders/", pages.sender_list, name="console_senders"),
    path("messages/senders/<slug:company>/", pages.sender, name="console_sender"),
    path("messages/senders/<slug:company>/remove/", pages.remove, name="console_sender_remove"),
    path("messages/senders/<slug:company>/switch/", pages.switch, name="console_sender_switch"),
    path("messages/senders/<slug:company>/try/", pages.try_out, name="console_sender_try"),
]
