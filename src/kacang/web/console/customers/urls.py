"""Addresses of customers."""

from django.urls import path

from kacang.web.console.customers import acts, levels, pages

urlpatterns = [
    path("customers/", pages.customer_list, name="console_customers"),
    path("customers/levels/", levels.level_list, name="console_customer_levels"),
    path("customers/levels/<str:uid>/drop/", levels.drop, name="console_customer_level_drop"),
    path("customers/<str:uid>/", pages.customer_page, name="console_customer"),
    path("customers/<str:uid>/shown/", pages.shown, name="console_customer_shown"),
    path("customers/<str:uid>/change/", acts.change, name="console_customer_change"),
    path("customers/<str:uid>/note/", acts.note, name="console_customer_note"),
    path("customers/<str:uid>/contact/", acts.contact, name="console_customer_contact"),
    path("customers/<str:uid>/merge/", acts.merge, name="console_customer_merge"),
    path("customers/<str:uid>/forget/", acts.forget, name="console_customer_forget"),
]
