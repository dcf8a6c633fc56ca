"""Addresses of exports of money."""

from django.urls import path

from kacang.web.console.exports import pages

urlpatterns = [
    path("exports/", pages.export_new, name="console_finance_export_new"),
    path("exports/<str:uid>/", pages.export_page, name="console_finance_export"),
    path("exports/<str:uid>/cancel/", pages.export_cancel, name="console_finance_export_cancel"),
    path("exports/<str:uid>/file/", pages.export_file, name="console_finance_export_file"),
]
