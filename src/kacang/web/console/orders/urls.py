"""Addresses of orders."""

from django.urls import path

from kacang.web.console.orders import actions, cards, listing, pages, shipping

urlpatterns = [
    path("orders/", listing.order_list, name="console_orders"),
    path("orders/<str:number>/", pages.order_detail, name="console_order"),
    path("orders/<str:number>/cards/", cards.order_cards, name="console_order_cards"),
    path("orders/<str:number>/codes/", actions.codes, name="console_order_codes"),
    path("orders/<str:number>/contact/", actions.contact, name="console_order_contact"),
    path("orders/<str:number>/form/", actions.secret_form, name="console_order_form"),
    path("orders/<str:number>/ship/", shipping.ship, name="console_order_ship"),
    path("orders/<str:number>/arrive/", shipping.arrive, name="console_order_arrive"),
    path(
        "orders/<str:number>/parcels/<str:uid>/change/",
        shipping.change,
        name="console_parcel_change",
    ),
    path("orders/<str:number>/parcels/<str:uid>/void/", shipping.void, name="console_parcel_void"),
    *(
        path(f"orders/<str:number>/{name}/", view, name=f"console_order_{name}")
        for name, view in actions.ACTS.items()
    ),
]
