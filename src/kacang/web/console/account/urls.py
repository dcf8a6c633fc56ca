"""Addresses for signing in and for one's own account.

The names beginning with `account_`, `mfa_` and `usersessions_` are allauth's: it leads to them
by itself. Only what is listed here exists; its other pages are not mounted.
"""

from django.urls import path

from kacang.web.console.account import auth, not_me, notices, profile

urlpatterns = [
    path("login/", auth.login, name="account_login"),
    path("login/code/", auth.second_factor, name="mfa_authenticate"),
    path("logout/", auth.logout, name="account_logout"),
    path("not-me/<str:token>/", not_me.not_me, name="console_not_me"),
    path("again/", auth.reauthenticate, name="account_reauthenticate"),
    path("again/code/", auth.repeat_code, name="mfa_reauthenticate"),
    path("shops/", auth.merchants, name="console_merchants"),
    path("account/", profile.profile, name="console_profile"),
    path("account/notices/", notices.own_notices, name="console_own_notices"),
    path("account/theme/", profile.theme, name="console_theme"),
    path("account/password/", profile.change_password, name="account_change_password"),
    path("account/second-factor/", auth.own_page, name="mfa_index"),
    path("account/second-factor/on/", profile.totp_on, name="mfa_activate_totp"),
    path("account/second-factor/off/", profile.totp_off, name="mfa_deactivate_totp"),
    path("account/second-factor/codes/", profile.recovery_codes, name="mfa_view_recovery_codes"),
    path("account/second-factor/codes/new/", profile.new_codes, name="mfa_generate_recovery_codes"),
    path("account/sessions/", auth.own_page, name="usersessions_list"),
    path("account/sessions/others/", profile.end_other_sessions, name="console_end_others"),
    path("account/sessions/<int:session_id>/", profile.end_session, name="console_end_session"),
]
