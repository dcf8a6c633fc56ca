"""Addresses of exceptions."""

from django.urls import path

from kacang.web.console.exceptions import acts, asking, pages

urlpatterns = [
    path("exceptions/", pages.exception_list, name="console_exceptions"),
    path("orders/<str:number>/change/", asking.change, name="console_order_change"),
    path("orders/<str:number>/report/", asking.report, name="console_order_report"),
    *(
        path(f"exceptions/<str:uid>/{deed}/", acts.act, {"deed": deed}, f"console_exception_{deed}")
        for deed in acts.DEEDS
    ),
    path("changes/<str:uid>/recipient/", acts.recipient, name="console_change_recipient"),
    *(
        path(
            f"changes/<str:uid>/{decision}/",
            acts.decide,
            {"decision": decision},
            f"console_change_{decision}",
        )
        for decision in ("approve", "refuse")
    ),
]
