from django.apps import AppConfig


class StockConfig(AppConfig):
    """The room `stock`."""

    name = "kacang.stock"
    label = "stock"
