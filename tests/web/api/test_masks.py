"""I1 in the API: no list tells a buyer's contact, network address or a code."""

from kacang.web.api.urls import DOCUMENT
from tests.web.api.calling import Api
from tests.web.api.conftest import new_key
from tests.web.roles.test_hidden import MARKS, Marked

LISTS = sorted(
    path for path, given in DOCUMENT["paths"].items() if "get" in given and not path.endswith("}")
)
# The codes of one order, to who has the scope for them: each look is in the log.
CODES = "/api/v1/orders/{number}/deliveries"
ASKS = {"/api/v1/cards": "?sku_id={sku}"}


def test_I1_no_list_tells_who_bought(merchant):
    """All lists of the document: a new one is read here as soon as it is there."""
    shop = Marked(merchant)
    api = Api(new_key(merchant))
    given = {
        "number": shop.numbers[0],
        "customer_id": shop.named["console/customers/"],
        "wallet_id": shop.named["console/wallets/"],
        "sku": api.get("/stock").json["items"][0]["sku_id"],
    }
    leaks = set()
    for path in LISTS:
        address = (path + ASKS.get(path, "")).format(**given).removeprefix("/api/v1")
        answer = api.get(address)
        assert answer.status == 200, answer
        leaks |= {(path, name) for name, mark in MARKS.items() if mark.search(answer.body)}
        leaks |= {(path, "code") for code in shop.secrets if code in answer.body}

    assert leaks == {(CODES, "code")}
    # The control: of one thing the contact is told whole.
    assert MARKS["phone"].search(api.get(f"/wallets/{given['wallet_id']}").body)
    assert MARKS["email"].search(api.get(f"/orders/{given['number']}").body)
