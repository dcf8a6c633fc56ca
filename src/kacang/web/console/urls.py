"""Addresses of the console: one module of addresses per group of pages."""

from django.urls import include, path

urlpatterns = [
    path("", include("kacang.web.console.daily_urls")),
    path("", include("kacang.web.console.account.urls")),
    path("", include("kacang.web.console.admin.urls")),
    path("", include("kacang.web.console.webhooks.urls")),
    path("", include("kacang.web.console.exceptions.urls")),
    path("", include("kacang.web.console.wording.urls")),
    path("", include("kacang.web.console.senders.urls")),
    path("", include("kacang.web.console.deadlines.urls")),
    path("", include("kacang.web.console.stages.urls")),
    path("", include("kacang.web.console.roles.urls")),
    path("", include("kacang.web.console.operator.urls")),
    path("", include("kacang.web.console.refunds.urls")),
    path("", include("kacang.web.console.aftersales.urls")),
    path("", include("kacang.web.console.reviews.urls")),
    path("", include("kacang.web.console.reviewing.urls")),
    path("", include("kacang.web.console.orders.urls")),
    path("", include("kacang.web.console.batches.urls")),
    path("", include("kacang.web.console.products.urls")),
    path("", include("kacang.web.console.payments.urls")),
    path("", include("kacang.web.console.settlements.urls")),
    path("", include("kacang.web.console.reconciliation.urls")),
    path("", include("kacang.web.console.ledger.urls")),
    path("", include("kacang.web.console.finance.urls")),
    path("", include("kacang.web.console.exports.urls")),
    path("", include("kacang.web.console.wallets.urls")),
    path("", include("kacang.web.console.customers.urls")),
    path("", include("kacang.web.console.goods.urls")),
    path("", include("kacang.web.console.cards.urls")),
]
