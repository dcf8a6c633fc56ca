from django.apps import AppConfig


class VaultConfig(AppConfig):
    """The room `vault`."""

    name = "kacang.vault"
    label = "vault"
