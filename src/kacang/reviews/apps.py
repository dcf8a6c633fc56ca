from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    """The room `reviews`."""

    name = "kacang.reviews"
    label = "reviews"
