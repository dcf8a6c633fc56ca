from django.apps import AppConfig


class WebConfig(AppConfig):
    """The faces of the house: pages, API, callbacks. Holds templates and static files of all."""

    name = "kacang.web"
    label = "web"
