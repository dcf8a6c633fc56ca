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
from kacang.merchants.queries.roles import GrantInfo, RoleInfo, custom_roles, grants_of
from kacang.merchants.queries.setting_values import forget_settings, setting, settings_of
from kacang.merchants.queries.staff import (
    StaffInfo,
    has_hidden_first_steps,
    staff,
    works_here_only,
)
from kacang.merchants.queries.stores import (
    StoreInfo,
    UnknownStore,
    open_store_ids,
    open_store_of,
    store,
    store_of_id,
    stores,
)
from kacang.merchants.queries.visits import (
    VisitInfo,
    visit_under_way,
)

__all__ = [
    "AuditFilter",
    "AuditPage",
    "AuditRow",
    "GrantInfo",
    "HostInfo",
    "KeyInfo",
    "MembershipInfo",
    "MerchantInfo",
    "RoleInfo",
    "StaffInfo",
    "StoreInfo",
    "UnknownMerchant",
    "UnknownStore",
    "VisitInfo",
    "all_merchant_ids",
    "api_keys",
    "audit_actions",
    "audit_page",
    "custom_roles",
    "first_merchant_id",
    "forget_settings",
    "grants_of",
    "has_hidden_first_steps",
    "hosts",
    "last_sealed_at",
    "memberships_of",
    "merchant",
    "merchant_id_of_host",
    "merchant_id_of_slug",
    "open_store_ids",
    "open_store_of",
    "setting",
    "settings_of",
    "staff",
    "store",
    "store_of_id",
    "stores",
    "visit_under_way",
    "works_here_only",
]
