"""Addresses of the sandbox, the payment company of trials."""

from django.urls import path

from kacang.web.cashier import views

app_name = "cashier"
urlpatterns = [
    path("pay/<str:account_uid>/<str:number>", views.pay, name="pay"),
    path("query", views.query, name="query"),
    path("close", views.close, name="close"),
    path("refund", views.refund, name="refund"),
    path("refund_query", views.refund_query, name="refund_query"),
]
