"""Addresses of wallets."""

from django.urls import path

from kacang.web.console.wallets import pages

urlpatterns = [
    path("wallets/", pages.wallet_list, name="console_wallets"),
    path("wallets/new/", pages.wallet_new, name="console_wallet_new"),
    path("wallets/<str:uid>/", pages.wallet, name="console_wallet"),
    path("wallets/<str:uid>/deposit/", pages.deposit, name="console_wallet_deposit"),
    path("wallets/<str:uid>/freeze/", pages.freeze, name="console_wallet_freeze"),
    path("wallets/<str:uid>/block/", pages.block, name="console_wallet_block"),
    path(
        "wallets/<str:uid>/unfreeze/<str:frozen>/", pages.unfreeze, name="console_wallet_unfreeze"
    ),
]
