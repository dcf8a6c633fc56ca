"""Addresses of the overview, the search, long jobs and messages."""

from django.urls import path

from kacang.web.console import dashboard, glossary, messages, search, work

urlpatterns = [
    path("", dashboard.home, name="console_home"),
    path("first-steps/", dashboard.first_steps, name="console_first_steps"),
    path("help/", glossary.glossary, name="console_help"),
    path("search/", search.search, name="console_search"),
    path("works/", work.work_list, name="console_works"),
    path("works/<str:uid>/", work.work_page, name="console_work"),
    path("works/<str:uid>/cancel/", work.work_cancel, name="console_work_cancel"),
    path("works/<str:uid>/retry/", work.work_retry, name="console_work_retry"),
    path("works/<str:uid>/file/", work.work_file, name="console_work_file"),
    path("messages/", messages.message_list, name="console_messages"),
    path("messages/<str:uid>/retry/", messages.message_retry, name="console_message_retry"),
    path("notices/", messages.notice_list, name="console_notices"),
    path("notices/read/", messages.notices_read, name="console_notices_read"),
]
