"""Addresses of deadlines."""

from django.urls import path

from kacang.web.console.deadlines import pages, rules

urlpatterns = [
    path("deadlines/", pages.deadline_list, name="console_deadlines"),
    path("deadlines/rules/", rules.rules_page, name="console_deadline_rules"),
    *(
        path(f"deadlines/rules/{deed}/", rules.change, {"deed": deed}, f"console_deadline_{deed}")
        for deed in rules.DEEDS
    ),
]
