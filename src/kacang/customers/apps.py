from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """The room `customers`."""

    name = "kacang.customers"
    label = "customers"
