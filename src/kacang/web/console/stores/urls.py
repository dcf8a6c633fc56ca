"""Addresses of the stores at the desk."""

from django.urls import path

from kacang.web.console.stores import pages

urlpatterns = [
    path("stores/", pages.store_list, name="console_stores"),
    path("stores/new/", pages.store_new, name="console_store_new"),
    path("stores/<str:uid>/", pages.store_page, name="console_store"),
    path("stores/<str:uid>/edit/", pages.store_edit, name="console_store_edit"),
    path("stores/<str:uid>/clerks/", pages.store_clerks, name="console_store_clerks"),
    path("stores/<str:uid>/close/", pages.store_close, name="console_store_close"),
    path("stores/<str:uid>/reopen/", pages.store_reopen, name="console_store_reopen"),
]
