from django.apps import AppConfig


class PayoutsConfig(AppConfig):
    """The room `payouts`."""

    name = "kacang.payouts"
    label = "payouts"
