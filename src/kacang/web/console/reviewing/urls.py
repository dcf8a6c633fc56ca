"""Addresses of rules of review, and of decisions about orders that they stop."""

from django.urls import path

from kacang.web.console.reviewing import acts, pages

urlpatterns = [
    path("rules/", pages.rule_list, name="console_rules"),
    path("rules/new/", pages.rule_new, name="console_rule_new"),
    path("rules/<str:uid>/", pages.rule_page, name="console_rule"),
    path("rules/<str:uid>/delete/", pages.rule_delete, name="console_rule_delete"),
    *(
        path(f"rules/<str:uid>/{way}/", pages.rule_move, {"way": way}, f"console_rule_{way}")
        for way in ("up", "down")
    ),
    *(
        path(f"rules/<str:uid>/{to}/", pages.rule_switch, {"to": to}, f"console_rule_{to}")
        for to in ("on", "off")
    ),
    path("orders/<str:number>/approve/", acts.approve, name="console_order_approve"),
    path("orders/<str:number>/reject/", acts.reject, name="console_order_reject"),
]
