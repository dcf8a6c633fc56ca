"""Addresses of the operators' pages."""

from django.urls import path

from kacang.web.console.operator import shops, visits

urlpatterns = [
    path("operator/", shops.shop_list, name="console_operator"),
    path("operator/log/", shops.log, name="console_operator_log"),
    path("operator/shops/<str:uid>/", shops.shop, name="console_operator_shop"),
    path("operator/shops/<str:uid>/ask/", visits.ask, name="console_operator_ask"),
    path("operator/visits/", visits.own_visits, name="console_operator_own_visits"),
    path("operator/visits/<str:uid>/", visits.own_visit, name="console_operator_own_visit"),
    path("operator/shops/<str:uid>/requests/<str:request_uid>/begin/", visits.begin_asked,
         name="console_operator_begin"),
    path("operator/shops/<str:uid>/requests/<str:request_uid>/withdraw/", visits.withdraw,
         name="console_operator_withdraw"),
]  # fmt: skip
