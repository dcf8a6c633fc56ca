"""Addresses of the report on stages."""

from django.urls import path

from kacang.web.console.stages import pages

urlpatterns = [
    path("stages/", pages.stage_page, name="console_stages"),
    path("stages/orders/", pages.stage_orders, name="console_stage_orders"),
]
