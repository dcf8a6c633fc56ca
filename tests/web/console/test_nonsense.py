"""Nonsense in addresses is answered, never fatal."""

import pytest

PAGES = (
    "/console/", "/console/orders/", "/console/products/", "/console/stock/", "/console/works/",
    "/console/payments/", "/console/payments/suspense/", "/console/messages/", "/console/notices/",
    "/console/blacklist/", "/console/search/",
)  # fmt: skip
NAMES = ("q", "cursor", "state", "by", "period", "since", "until", "least", "most", "channel",
         "category", "show", "page", "event")  # fmt: skip
VALUES = (
    "%00", "a%00b", "-1", "9" * 30, "%F0%9F%A6%8C", "%27%22%3Cb%3E", "x" * 3000, "1e9", "..%2F",
)  # fmt: skip
THINGS = (
    "orders/{}/", "products/{}/", "products/pictures/{}", "stock/{}/", "stock/{}/import/",
    "stock/{}/generate/", "stock/batches/{}/", "stock/checks/{}/", "works/{}/", "works/{}/file/",
)  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_in_the_query(owner, path):
    for value in VALUES:
        query = "&".join(f"{name}={value}" for name in NAMES)
        wanted = {400} if "%00" in value else {200, 422}
        assert owner.get(f"{path}?{query}").status_code in wanted, value


@pytest.mark.parametrize("path", THINGS)
def test_in_the_place_of_a_name(owner, path):
    for value in ("%00", "a%00b", "nobody", "9" * 40, "crd_" + "0" * 32, "%F0%9F%A6%8C"):
        assert owner.get(f"/console/{path.format(value)}").status_code == 404, value


def test_in_forms(owner):
    for path, names in {
        "stock/find/": ("code",),
        "stock/cards/reveal/": ("card", "reason"),
        "stock/cards/void/": ("card", "reason"),
        "stock/estimate/": ("pattern", "count"),
        "blacklist/new/": ("kind", "value", "reason"),
        "payments/accounts/new/": ("name",),
        "payments/suspense/resolve/": ("account", "number", "note"),
        "products/categories/new/": ("new-title_zh",),
        "products/preview/": ("description_zh",),
        "notices/read/": ("uid",),
    }.items():
        for value in ("\0", "a\0b", "x" * 5000, "🦌", ""):
            answer = owner.post(f"/console/{path}", dict.fromkeys(names, value))
            assert answer.status_code in {200, 302, 404, 422}, (path, value[:5])
