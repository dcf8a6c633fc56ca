from django.apps import AppConfig


class MerchantsConfig(AppConfig):
    """Tenants, staff, roles, keys, settings, audit."""

    name = "kacang.merchants"
    label = "merchants"
