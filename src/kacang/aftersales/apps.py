from django.apps import AppConfig


class AftersalesConfig(AppConfig):
    """The room `aftersales`."""

    name = "kacang.aftersales"
    label = "aftersales"
