"""Addresses of bills, differences and their report."""

from django.urls import path

from kacang.web.console.reconciliation import bill, listing, lists, reporting

BILL = "reconciliation/bills/<str:uid>/"

urlpatterns = [
    path("reconciliation/", listing.bill_list, name="console_bills"),
    path("reconciliation/fetch/", listing.bill_fetch, name="console_bill_fetch"),
    path("reconciliation/upload/", listing.bill_upload, name="console_bill_upload"),
    path("reconciliation/differences/", lists.difference_list, name="console_differences"),
    path("reconciliation/ours/", lists.seen_list, name="console_bill_seen"),
    path("reconciliation/theirs/", lists.bill_rows, name="console_bill_rows"),
    path("reconciliation/report/", reporting.report_page, name="console_bill_report"),
    path(BILL, bill.bill_page, name="console_bill"),
    path(f"{BILL}read/", bill.bill_read, name="console_bill_read"),
    path(f"{BILL}compare/", bill.bill_compare, name="console_bill_compare"),
    path(f"{BILL}heal/", bill.bill_heal, name="console_bill_heal"),
    path(f"{BILL}explain/", bill.bill_explain, name="console_bill_explain"),
    path(f"{BILL}take-in/", bill.bill_take_in, name="console_bill_take_in"),
    path(f"{BILL}reopen/", bill.bill_reopen, name="console_bill_reopen"),
    path(f"{BILL}close/", bill.bill_close, name="console_bill_close"),
]
