"""Addresses of staff, keys, audit log, blacklist and settings."""

from django.urls import path

from kacang.web.console.admin import audit, blacklist, keys, moving, secret_keys, settings, staff

urlpatterns = [
    path("blacklist/", blacklist.block_list, name="console_blacklist"),
    path("blacklist/new/", blacklist.block_new, name="console_blacklist_new"),
    path("blacklist/<str:uid>/remove/", blacklist.block_remove, name="console_blacklist_remove"),
    path("staff/", staff.staff_list, name="console_staff"),
    path("staff/new/", staff.staff_new, name="console_staff_new"),
    path("staff/<str:uid>/", staff.staff_member, name="console_staff_member"),
    path("staff/<str:uid>/role/", staff.staff_role, name="console_staff_role"),
    path("staff/<str:uid>/disable/", staff.staff_disable, name="console_staff_disable"),
    path("staff/<str:uid>/enable/", staff.staff_enable, name="console_staff_enable"),
    path("staff/<str:uid>/renew/", staff.staff_renew, name="console_staff_renew"),
    path("keys/", keys.key_list, name="console_keys"),
    path("keys/new/", keys.key_new, name="console_key_new"),
    path("keys/<str:uid>/revoke/", keys.key_revoke, name="console_key_revoke"),
    path("audit/", audit.audit_log, name="console_audit"),
    path("audit/verify/", audit.audit_verify, name="console_audit_verify"),
    path("audit/verify/<str:uid>/", audit.audit_verified, name="console_audit_verified"),
    path("audit/export/", audit.audit_export, name="console_audit_export"),
    path("settings/", settings.settings_page, name="console_settings"),
    path("settings/keys/", secret_keys.secret_keys, name="console_secret_keys"),
    path("settings/keys/rotate/", secret_keys.rotate, name="console_secret_key_rotate"),
    path("settings/move/", moving.move_new, name="console_move"),
    path("settings/move/<str:uid>/", moving.move_check, name="console_move_check"),
    path("settings/move/<str:uid>/load/", moving.move_load, name="console_move_load"),
    path("settings/hosts/add/", settings.host_add, name="console_host_add"),
    path("settings/hosts/remove/", settings.host_remove, name="console_host_remove"),
]
