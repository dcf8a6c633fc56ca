"""What others may ask about merchants, their people, keys, settings and logs."""

from kacang.merchants.queries.api_keys import KeyInfo, api_keys
from kacang.merchants.queries.logs import (
    AuditFilter,
    AuditPage,
    AuditRow,
    audit_actions,
    audit_page,
    last_sealed_at,
)
from kacang.merchants.queries.merchants import (
    HostInfo,
    MembershipInfo,
    MerchantInfo,
    UnknownMerchant,
    all_merchant_ids,
    first_merchant_id,
    hosts,
    memberships_of,
    merchant,
    merchant_id_of_host,
    merchant_id_of_slug,
)
from kacang.merchants.queries.setting_values import forget_settings, setting, settings_of
from kacang.merchants.queries.staff import StaffInfo, staff

__all__ = [
    "AuditFilter",
    "AuditPage",
    "AuditRow",
    "HostInfo",
    "KeyInfo",
    "MembershipInfo",
    "MerchantInfo",
    "StaffInfo",
    "UnknownMerchant",
    "all_merchant_ids",
    "api_keys",
    "audit_actions",
    "audit_page",
    "first_merchant_id",
    "forget_settings",
    "hosts",
    "last_sealed_at",
    "memberships_of",
    "merchant",
    "merchant_id_of_host",
    "merchant_id_of_slug",
    "setting",
    "settings_of",
    "staff",
]
