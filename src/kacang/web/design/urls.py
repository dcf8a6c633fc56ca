"""Addresses of the look: colours of shops for everybody, the style guide for its makers."""

from django.urls import path

from kacang.web.design import views

app_name = "design"
urlpatterns = [
    path("theme/<slug:colour>.css", views.theme, name="theme"),
    path("design/", views.console_guide, name="guide"),
    path("design/shop/", views.shop_guide, name="guide-shop"),
    path("design/paying/", views.paying_guide, name="guide-paying"),
    path("design/sign-in/", views.sign_in_guide, name="guide-sign-in"),
    path("design/job/", views.job_guide, name="guide-job"),
    path("design/drawer/", views.drawer_guide, name="guide-drawer"),
    path("design/errors/<int:status>/", views.error_guide, name="guide-error"),
]
