"""Addresses of card stock, its batches and single cards."""

from django.urls import path

from kacang.web.console.cards import (
    batches,
    card,
    changes,
    expiring,
    exports,
    generating,
    importing,
    levels,
    listing,
    pools,
    replacing,
    search,
)

urlpatterns = [
    path("stock/", levels.stock_list, name="console_stock"),
    path("stock/find/", search.card_search, name="console_card_search"),
    path("stock/cards/", listing.card_list, name="console_cards"),
    path("stock/change/", listing.change_page, name="console_change"),
    path("stock/replace/", replacing.replace_page, name="console_replace"),
    path("stock/cards/act/<slug:act>/", batches.card_act, name="console_card_act"),
    path("stock/cards/reveal/", batches.card_reveal, name="console_card_reveal"),
    path("stock/cards/void/", batches.card_void, name="console_card_void"),
    path("stock/cards/<str:uid>/", card.card_page, name="console_card"),
    path("stock/cards/<str:uid>/replace/", card.card_replace, name="console_card_replace"),
    path("stock/estimate/", generating.estimate, name="console_estimate"),
    path("stock/template/", importing.import_template, name="console_import_template"),
    path("stock/pools/", pools.pool_list, name="console_pools"),
    path("stock/pools/new/", pools.pool_new, name="console_pool_new"),
    path("stock/pools/<str:uid>/", pools.pool_name, name="console_pool"),
    path("stock/pools/<str:uid>/delete/", pools.pool_delete, name="console_pool_delete"),
    path("stock/expiring/", expiring.expiring_list, name="console_expiring"),
    path("stock/exports/new/", exports.export_new, name="console_export_new"),
    path("stock/exports/<str:uid>/", exports.export_page, name="console_export"),
    path("stock/batches/<str:uid>/", batches.batch_page, name="console_batch"),
    path("stock/batches/<str:uid>/undo/", batches.batch_undo, name="console_batch_undo"),
    path(
        "stock/batches/<str:uid>/<slug:change>/",
        changes.batch_change,
        name="console_batch_change",
    ),
    path("stock/checks/<str:uid>/", importing.import_check, name="console_import_check"),
    path("stock/checks/<str:uid>/again/", importing.import_again, name="console_import_again"),
    path("stock/checks/<str:uid>/load/", importing.import_load, name="console_import_load"),
    path("stock/<str:uid>/import/", importing.import_new, name="console_import"),
    path("stock/<str:uid>/generate/", generating.generate, name="console_generate"),
    path("stock/<str:uid>/", levels.stock_sku, name="console_stock_sku"),
    path("works/<str:uid>/undo/", changes.work_undo, name="console_work_undo"),
]
