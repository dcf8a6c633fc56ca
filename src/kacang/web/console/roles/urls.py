"""Addresses of roles, of powers for a while, and of staff's sessions."""

from django.urls import path

from kacang.web.console.roles import members, operator_visits, pages, visits

urlpatterns = [
    path("roles/", pages.role_list, name="console_roles"),
    path("roles/new/", pages.role_new, name="console_role_new"),
    path("visits/new/", visits.visit_new, name="console_visit_new"),
    path("visits/end/", visits.visit_end, name="console_visit_end"),
    path("visits/<str:uid>/enter/", visits.visit_enter, name="console_visit_enter"),
    path("operator-visits/", operator_visits.visit_list, name="console_operator_visits"),
    path("operator-visits/setting/", operator_visits.choose, name="console_operator_visit_setting"),
    path(
        "operator-visits/<str:uid>/answer/",
        operator_visits.answer,
        name="console_operator_visit_answer",
    ),
    path("operator-visits/<str:uid>/end/", operator_visits.end, name="console_operator_visit_end"),
    path("roles/<str:uid>/", pages.role_edit, name="console_role"),
    path("roles/<str:uid>/archive/", pages.role_archive, name="console_role_archive"),
    path("staff/<str:uid>/grant/", members.grant, name="console_staff_grant"),
    path(
        "staff/<str:uid>/grants/<str:grant_uid>/end/",
        members.end_grant,
        name="console_staff_grant_end",
    ),
    path("staff/<str:uid>/sessions/end/", members.end_sessions, name="console_staff_sessions_end"),
]
