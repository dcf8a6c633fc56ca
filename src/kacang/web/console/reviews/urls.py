"""Addresses of reviews."""

from django.urls import path

from kacang.web.console.reviews import pages

urlpatterns = [
    path("reviews/", pages.review_list, name="console_reviews"),
    path("reviews/pictures/<str:uid>", pages.picture, name="console_review_picture"),
    *(
        path(f"reviews/<str:uid>/{deed}/", pages.act, {"deed": deed}, f"console_review_{deed}")
        for deed in pages.DEEDS
    ),
]
