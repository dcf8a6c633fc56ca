from django.apps import AppConfig


class PaymentsConfig(AppConfig):
    """The room `payments`."""

    name = "kacang.payments"
    label = "payments"
