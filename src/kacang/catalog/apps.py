from django.apps import AppConfig


class CatalogConfig(AppConfig):
    """The room `catalog`."""

    name = "kacang.catalog"
    label = "catalog"
