from django.apps import AppConfig


class LedgerConfig(AppConfig):
    """The room `ledger`."""

    name = "kacang.ledger"
    label = "ledger"
