"""Addresses of orders."""

from django.urls import path

from kacang.web.console.orders import actions, cards, listing, pages, saved, shipping, tags

urlpatterns = [
    path("orders/", listing.order_list, name="console_orders"),
    path("orders/news/", listing.order_news, name="console_orders_news"),
    path("orders/sums/", listing.order_sums, name="console_orders_sums"),
    path("orders/columns/", saved.columns, name="console_orders_columns"),
    path("orders/tag/", tags.put_many, name="console_orders_tag"),
    path("orders/tags/", tags.tag_list, name="console_order_tags"),
    path("orders/tags/new/", tags.make, name="console_order_tag_new"),
    path("orders/tags/<str:uid>/", tags.change, name="console_order_tag_change"),
    path("orders/tags/<str:uid>/delete/", tags.delete, name="console_order_tag_delete"),
    path("orders/views/", saved.view_list, name="console_order_views"),
    path("orders/views/save/", saved.save, name="console_order_view_save"),
    path("orders/views/<str:uid>/rename/", saved.rename, name="console_order_view_rename"),
    path("orders/views/<str:uid>/duplicate/", saved.duplicate, name="console_order_view_copy"),
    path("orders/views/<str:uid>/delete/", saved.delete, name="console_order_view_delete"),
    path("orders/views/<str:uid>/share/", saved.share, name="console_order_view_share"),
    path("orders/views/<str:uid>/start/", saved.start, name="console_order_view_start"),
    path("orders/<str:number>/", pages.order_detail, name="console_order"),
    path("orders/<str:number>/cards/", cards.order_cards, name="console_order_cards"),
    path("orders/<str:number>/tag/", tags.put, name="console_order_tag"),
    path("orders/<str:number>/codes/", actions.codes, name="console_order_codes"),
    path("orders/<str:number>/contact/", actions.contact, name="console_order_contact"),
    path("orders/<str:number>/form/", actions.secret_form, name="console_order_form"),
    path("orders/<str:number>/ship/", shipping.ship, name="console_order_ship"),
    path("orders/<str:number>/recipient/", shipping.recipient, name="console_order_recipient"),
    path(
        "orders/<str:number>/recipient/show/",
        shipping.show_recipient,
        name="console_order_recipient_show",
    ),
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
