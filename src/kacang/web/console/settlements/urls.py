"""Addresses of settlements: what parties get of the sales."""

from django.urls import path

from kacang.web.console.settlements import pages

urlpatterns = [
    path("settlements/", pages.statement_list, name="console_settlements"),
    path("settlements/<str:uid>/", pages.statement_page, name="console_settlement"),
]
