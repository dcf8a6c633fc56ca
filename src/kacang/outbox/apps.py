from django.apps import AppConfig


class OutboxConfig(AppConfig):
    """The room `outbox`."""

    name = "kacang.outbox"
    label = "outbox"
