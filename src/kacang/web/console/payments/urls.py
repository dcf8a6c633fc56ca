"""Addresses of payments and of the accounts that take them."""

from django.urls import path

from kacang.web.console.payments import accounts, detail, lists, transfers

urlpatterns = [
    path("payments/", lists.payment_list, name="console_payments"),
    path("payments/suspense/", lists.suspense_list, name="console_suspense"),
    path(
        "payments/suspense/resolve/",
        lists.suspense_resolve,
        name="console_suspense_resolve",
    ),
    path("payments/transfers/", transfers.transfer_list, name="console_transfers"),
    path("payments/transfers/<str:number>/", transfers.transfer, name="console_transfer"),
    path(
        "payments/transfers/<str:number>/confirm/",
        transfers.transfer_confirm,
        name="console_transfer_confirm",
    ),
    path("payments/proofs/<str:uid>/file/", transfers.proof_file, name="console_proof_file"),
    path("payments/proofs/<str:uid>/reject/", transfers.proof_reject, name="console_proof_reject"),
    path("payments/accounts/", accounts.account_list, name="console_payment_accounts"),
    path("payments/accounts/new/", accounts.account_new, name="console_payment_account_new"),
    path("payments/accounts/<str:uid>/", accounts.account, name="console_payment_account"),
    path(
        "payments/accounts/<str:uid>/probe/",
        accounts.account_probe,
        name="console_payment_account_probe",
    ),
    path(
        "payments/accounts/<str:uid>/reveal/",
        accounts.account_reveal,
        name="console_payment_account_reveal",
    ),
    path(
        "payments/accounts/<str:uid>/switch/",
        accounts.account_switch,
        name="console_payment_account_switch",
    ),
    path(
        "payments/accounts/<str:uid>/rotate/",
        accounts.account_rotate,
        name="console_payment_account_rotate",
    ),
    path(
        "payments/accounts/<str:uid>/settle/",
        accounts.account_settle_secret,
        name="console_payment_account_settle",
    ),
    path("payments/number/<str:number>/", detail.payment, name="console_payment"),
]
