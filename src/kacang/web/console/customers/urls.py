"""Addresses of customers."""

from django.urls import path

from kacang.web.console.customers import (
    acts,
    exporting,
    levels,
    listing,
    notes,
    notices,
    pages,
    tags,
)

urlpatterns = [
    path("customers/", listing.customer_list, name="console_customers"),
    path("customers/levels/", levels.level_list, name="console_customer_levels"),
    path("customers/levels/<str:uid>/drop/", levels.drop, name="console_customer_level_drop"),
    path("customers/tags/", tags.tag_list, name="console_customer_tags"),
    path("customers/tags/new/", tags.make, name="console_customer_tag_new"),
    path("customers/tags/<str:uid>/", tags.change, name="console_customer_tag_change"),
    path("customers/tags/<str:uid>/delete/", tags.delete, name="console_customer_tag_delete"),
    path("customers/tags/<str:uid>/merge/", tags.merge, name="console_customer_tag_merge"),
    path("customers/tagging/", tags.put_many, name="console_customers_tag"),
    path("customers/tagging/<str:uid>/", tags.job_page, name="console_customer_tagging"),
    path(
        "customers/tagging/<str:uid>/cancel/",
        tags.job_cancel,
        name="console_customer_tagging_cancel",
    ),
    path("customers/tagging/<str:uid>/undo/", tags.job_undo, name="console_customer_tagging_undo"),
    path("customers/export/", exporting.export_new, name="console_customer_export_new"),
    path("customers/export/<str:uid>/", exporting.export_page, name="console_customer_export"),
    path(
        "customers/export/<str:uid>/cancel/",
        exporting.export_cancel,
        name="console_customer_export_cancel",
    ),
    path(
        "customers/export/<str:uid>/file/",
        exporting.export_file,
        name="console_customer_export_file",
    ),
    path("customers/<str:uid>/", pages.customer_page, name="console_customer"),
    path("customers/<str:uid>/shown/", pages.shown, name="console_customer_shown"),
    path("customers/<str:uid>/change/", acts.change, name="console_customer_change"),
    path("customers/<str:uid>/note/", notes.add, name="console_customer_note"),
    path("customers/<str:uid>/note/<int:note>/", notes.change, name="console_customer_note_change"),
    path(
        "customers/<str:uid>/note/<int:note>/delete/",
        notes.delete,
        name="console_customer_note_delete",
    ),
    path("customers/<str:uid>/tag/", tags.put, name="console_customer_tag"),
    path("customers/<str:uid>/count/", acts.count_again, name="console_customer_count"),
    path("customers/<str:uid>/contact/", acts.contact, name="console_customer_contact"),
    path("customers/<str:uid>/notices/", notices.notices, name="console_customer_notices"),
    path("customers/<str:uid>/merge/", acts.merge, name="console_customer_merge"),
    path("customers/<str:uid>/forget/", acts.forget, name="console_customer_forget"),
]
