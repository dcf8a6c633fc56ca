"""Addresses of wallets."""

from django.urls import path

from kacang.web.console.wallets import pages, withdrawals

urlpatterns = [
    path("wallets/", pages.wallet_list, name="console_wallets"),
    path("wallets/new/", pages.wallet_new, name="console_wallet_new"),
    path("wallets/withdrawals/", withdrawals.withdrawal_list, name="console_withdrawals"),
    path("wallets/withdrawals/<str:uid>/", withdrawals.withdrawal, name="console_withdrawal"),
    path(
        "wallets/withdrawals/<str:uid>/reveal/",
        withdrawals.reveal,
        name="console_withdrawal_reveal",
    ),
    path("wallets/withdrawals/<str:uid>/pay/", withdrawals.pay, name="console_withdrawal_pay"),
    path(
        "wallets/withdrawals/<str:uid>/proof/", withdrawals.proof, name="console_withdrawal_proof"
    ),
    *(
        path(
            f"wallets/withdrawals/<str:uid>/{deed}/",
            withdrawals.act,
            {"deed": deed},
            f"console_withdrawal_{deed}",
        )
        for deed in withdrawals.DEEDS
    ),
    path("wallets/<str:uid>/", pages.wallet, name="console_wallet"),
    path("wallets/<str:uid>/deposit/", pages.deposit, name="console_wallet_deposit"),
    path("wallets/<str:uid>/freeze/", pages.freeze, name="console_wallet_freeze"),
    path("wallets/<str:uid>/block/", pages.block, name="console_wallet_block"),
    path(
        "wallets/<str:uid>/unfreeze/<str:frozen>/", pages.unfreeze, name="console_wallet_unfreeze"
    ),
]
