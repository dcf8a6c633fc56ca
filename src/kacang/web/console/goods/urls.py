"""Addresses of goods and warehouses."""

from django.urls import path

from kacang.web.console.goods import pages, purchasing, warehouses

urlpatterns = [
    path("stock/warehouses/", warehouses.warehouse_list, name="console_warehouses"),
    path("stock/warehouses/new/", warehouses.warehouse_new, name="console_warehouse_new"),
    path("stock/warehouses/<str:uid>/", warehouses.warehouse_name, name="console_warehouse"),
    path("stock/goods/<str:uid>/", pages.goods_page, name="console_goods"),
    path("stock/goods/<str:uid>/receive/", pages.receive, name="console_goods_receive"),
    path("stock/goods/<str:uid>/adjust/", pages.adjust, name="console_goods_adjust"),
    path("stock/goods/<str:uid>/send/", pages.send, name="console_goods_send"),
    path("stock/goods/<str:uid>/arrive/<str:entry>/", pages.arrive, name="console_goods_arrive"),
    path("stock/purchase/", purchasing.purchase_list, name="console_purchase"),
]
