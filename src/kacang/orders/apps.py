from django.apps import AppConfig


class OrdersConfig(AppConfig):
    """The room `orders`."""

    name = "kacang.orders"
    label = "orders"
