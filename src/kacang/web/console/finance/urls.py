"""Address of the overview of money."""

from django.urls import path

from kacang.web.console.finance import pages

urlpatterns = [path("finance/", pages.overview, name="console_finance")]
