"""Addresses of refunds."""

from django.urls import path

from kacang.web.console.refunds import asking, queue

urlpatterns = [
    path("refunds/", queue.refund_list, name="console_refunds"),
    path("orders/<str:number>/refund/", asking.ask, name="console_order_refund"),
    path("payments/suspense/refund/", asking.ask_suspense, name="console_suspense_refund"),
    *(
        path(f"refunds/<str:number>/{deed}/", queue.act, {"deed": deed}, f"console_refund_{deed}")
        for deed in queue.DEEDS
    ),
]
