from django.apps import AppConfig


class RiskConfig(AppConfig):
    """The room `risk`."""

    name = "kacang.risk"
    label = "risk"
