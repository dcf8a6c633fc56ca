from django.apps import AppConfig


class ReconciliationConfig(AppConfig):
    """The room `reconciliation`."""

    name = "kacang.reconciliation"
    label = "reconciliation"
