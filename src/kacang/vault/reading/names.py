"""What people call the columns and keys of card secrets."""

import re

FIELDS = ("number", "secret", "expires", "remark", "cost")
_NAMES = {
    "number": (
        "卡号", "序列号", "编号", "账号", "帐号", "账户", "用户名", "卡片号", "卡券号", "number",
        "card number", "card_number", "cardno", "card_no", "card no", "serial", "serial number",
        "sn", "account", "user", "username", "login",
    ),
    "secret": (
        "卡密", "密码", "激活码", "兑换码", "充值码", "券码", "卡券密码", "cdkey", "cdk", "code",
        "secret", "card secret", "card_secret", "password", "pass", "pwd", "pin", "key",
        "redeem code",
    ),
    "expires": (
        "有效期", "有效期至", "过期时间", "到期时间", "到期日", "失效时间", "截止日期", "expiry",
        "expires", "expires_at", "expiry date", "expiration", "valid until", "valid_until",
    ),
    "remark": ("备注", "说明", "remark", "remarks", "note", "memo", "comment"),
    "cost": ("成本", "成本价", "进价", "进货价", "采购价", "cost", "unit cost", "purchase price"),
}  # fmt: skip
FIELD_OF = {name: field for field, names in _NAMES.items() for name in names}
# "进价（元）", "*卡密：": what people put around a heading.
_AROUND = re.compile(r"[(（\[【].*?[)）\]】]|[*＊:：\s]+$|^[*＊\s]+")


def field_of(heading: str) -> str:
    """Return which field people call so, or nothing."""
    name = heading.strip().lower()
    return FIELD_OF.get(name) or FIELD_OF.get(_AROUND.sub("", name).strip(), "")
