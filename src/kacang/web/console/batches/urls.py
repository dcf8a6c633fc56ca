"""Addresses of what is done with many orders."""

from django.urls import path

from kacang.web.console.batches import exporting, pages, printing, shipping

urlpatterns = [
    path("batches/", pages.batch_new, name="console_order_batch_new"),
    path("batches/ship/", shipping.list_new, name="console_ship_list"),
    path("batches/ship/template/", shipping.list_template, name="console_ship_template"),
    path("batches/ship/<str:uid>/", shipping.list_check, name="console_ship_check"),
    path("batches/ship/<str:uid>/again/", shipping.list_again, name="console_ship_again"),
    path("batches/ship/<str:uid>/send/", shipping.list_send, name="console_ship_send"),
    path("batches/ship/<str:uid>/faults/", shipping.list_faults, name="console_ship_faults"),
    path("batches/export/", exporting.export_new, name="console_order_export_new"),
    path("batches/export/<str:uid>/", exporting.export_page, name="console_order_export"),
    path("batches/export/<str:uid>/file/", exporting.export_file, name="console_order_export_file"),
    path(
        "batches/export/<str:uid>/cancel/",
        exporting.export_cancel,
        name="console_order_export_cancel",
    ),
    path("batches/slips/", printing.slips_new, name="console_slips_new"),
    path("batches/slips/<str:uid>/", printing.slips_page, name="console_slips"),
    path("batches/slips/<str:uid>/file/", printing.slips_file, name="console_slips_file"),
    path("batches/slips/<str:uid>/cancel/", printing.slips_cancel, name="console_slips_cancel"),
    path("batches/<str:uid>/", pages.batch_page, name="console_order_batch"),
    path("batches/<str:uid>/rows.csv", pages.batch_csv, name="console_order_batch_csv"),
    path("batches/<str:uid>/cancel/", pages.batch_cancel, name="console_order_batch_cancel"),
    path("batches/<str:uid>/undo/", pages.batch_undo, name="console_order_batch_undo"),
]
