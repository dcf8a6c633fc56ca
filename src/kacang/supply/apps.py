from django.apps import AppConfig


class SupplyConfig(AppConfig):
    """The room `supply`."""

    name = "kacang.supply"
    label = "supply"
