from django.apps import AppConfig


class LogisticsConfig(AppConfig):
    """The room `logistics`."""

    name = "kacang.logistics"
    label = "logistics"
