"""Addresses of after-sales."""

from django.urls import path

from kacang.web.console.aftersales import deciding, page, queue, replies

urlpatterns = [
    path("aftersales/", queue.case_list, name="console_cases"),
    path("aftersales/replies/", replies.reply_list, name="console_replies"),
    path("aftersales/replies/<str:uid>/delete/", replies.reply_delete, name="console_reply_delete"),
    path("aftersales/<str:uid>/", page.case, name="console_case"),
    path("aftersales/<str:uid>/contact/", page.contact, name="console_case_contact"),
    path("aftersales/<str:uid>/files/<str:file>", page.evidence, name="console_case_file"),
    *(
        path(f"aftersales/<str:uid>/{deed}/", page.act, {"deed": deed}, f"console_case_{deed}")
        for deed in page.DEEDS
    ),
    path(
        "aftersales/<str:uid>/decide/<str:decision>/", deciding.decide, name="console_case_decide"
    ),
]
