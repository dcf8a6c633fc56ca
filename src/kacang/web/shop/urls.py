"""Addresses of the shop, under `/` and under `/s/{slug}/`."""

from django.urls import path

from kacang.web.shop import (
    browsing,
    cart_pages,
    cases,
    checkout,
    finding,
    parcels,
    paying,
    proving,
    receiving,
    redeeming,
    reviews,
    signing_in,
    waits,
    wallets,
)

urlpatterns = [
    path("", browsing.home, name="home"),
    path("c/<str:uid>/", browsing.category, name="category"),
    path("search/", browsing.search, name="search"),
    path("p/<str:uid>/", browsing.product, name="product"),
    path("p/<str:uid>/numbers/<str:sku>/", browsing.numbers, name="numbers"),
    path("p/<str:uid>/wait/", waits.wait, name="wait"),
    path("waits/<str:token>/", waits.stop, name="wait_stop"),
    path("pictures/<str:name>", browsing.picture, name="picture"),
    path("help/", browsing.help_page, name="help"),
    path("redeem/", redeeming.redeem, name="redeem"),
    path("cart/", cart_pages.cart, name="cart"),
    path("checkout/", checkout.checkout, name="checkout"),
    path("orders/", finding.lookup, name="lookup"),
    path("orders/<str:number>/", receiving.order, name="order"),
    path("orders/<str:number>/codes.txt", receiving.download, name="order_codes"),
    path("orders/<str:number>/codes.zip", receiving.download_zip, name="order_zip"),
    path("orders/<str:number>/file", receiving.file, name="order_file"),
    path("reviews/<str:uid>", reviews.picture, name="review_picture"),
    path("orders/<str:number>/review/<str:line>/", reviews.write, name="review"),
    path("orders/<str:number>/problem/", cases.problem, name="case_new"),
    path("orders/<str:number>/cases/<str:uid>/", cases.case, name="case"),
    path("orders/<str:number>/cases/<str:uid>/files/<str:file>", cases.file, name="case_file"),
    *(
        path(
            f"orders/<str:number>/cases/<str:uid>/{deed}/",
            cases.act,
            {"deed": deed},
            f"case_{deed}",
        )
        for deed in cases.DEEDS
    ),
    path("orders/<str:number>/pay/", paying.pay, name="pay"),
    path("orders/<str:number>/pay/back/<str:account>/", signing_in.signed_in, name="signed_in"),
    path("orders/<str:number>/state", paying.state, name="order_state"),
    path("orders/<str:number>/paid/", paying.paid, name="order_paid"),
    path("wallet/", wallets.wallet, name="wallet"),
    path("wallet/code/", wallets.send_code, name="wallet_code"),
    path("wallet/enter/", wallets.enter, name="wallet_enter"),
    path("wallet/card/", wallets.add_card, name="wallet_card"),
    path("wallet/leave/", wallets.leave, name="wallet_leave"),
    path("orders/<str:number>/balance/", wallets.pay, name="order_balance"),
    path("orders/<str:number>/proof/", proving.prove, name="order_proof"),
    path("orders/<str:number>/received/", parcels.received, name="order_received"),
    path("orders/<str:number>/cancel/", paying.cancel, name="order_cancel"),
    path("orders/<str:number>/open/", finding.open_order, name="order_open"),
    path("orders/<str:number>/code/", finding.send_code, name="order_code"),
]
