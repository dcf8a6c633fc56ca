from django.apps import AppConfig


class WalletsConfig(AppConfig):
    """The room `wallets`."""

    name = "kacang.wallets"
    label = "wallets"
