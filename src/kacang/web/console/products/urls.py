"""Addresses of products, categories and pictures."""

from django.urls import path

from kacang.web.console.products import categories, pages, pictures, sheet

urlpatterns = [
    path("products/", pages.product_list, name="console_products"),
    path("products/new/", pages.product_new, name="console_product_new"),
    path("products/sheet/", sheet.sheet, name="console_product_sheet"),
    path("products/preview/", pages.preview, name="console_product_preview"),
    path("products/categories/", categories.category_list, name="console_categories"),
    path("products/categories/new/", categories.category_new, name="console_category_new"),
    path("products/categories/<str:uid>/", categories.category_edit, name="console_category"),
    path(
        "products/categories/<str:uid>/move/",
        categories.category_move,
        name="console_category_move",
    ),
    path(
        "products/categories/<str:uid>/delete/",
        categories.category_delete,
        name="console_category_delete",
    ),
    path("products/pictures/<str:name>", pictures.picture, name="console_picture"),
    path("products/<str:uid>/", pages.product_edit, name="console_product"),
    path("products/<str:uid>/state/", pages.product_state, name="console_product_state"),
    path("products/<str:uid>/pictures/", pictures.picture_add, name="console_picture_add"),
    path(
        "products/<str:uid>/pictures/<str:name>/remove/",
        pictures.picture_remove,
        name="console_picture_remove",
    ),
    path(
        "products/<str:uid>/pictures/<str:name>/move/",
        pictures.picture_move,
        name="console_picture_move",
    ),
]
