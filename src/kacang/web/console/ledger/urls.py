"""Addresses of the books."""

from django.urls import path

from kacang.web.console.ledger import pages

urlpatterns = [
    path("ledger/", pages.chart, name="console_ledger"),
    path("ledger/accounts/<int:number>/", pages.account_entries, name="console_ledger_account"),
    path("ledger/<str:kind>/<str:uid>/", pages.document_entries, name="console_ledger_document"),
]
