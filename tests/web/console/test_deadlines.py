"""O7, O8 at the desk: what is late, the rules with their preview, and where orders wait."""

import pytest

from kacang.merchants.audit import SYSTEM
from kacang.orders import operations as orders
from kacang.orders.deadlines import operations, queries
from kacang.orders.deadlines.queries import Stage
from kacang.orders.exceptions import queries as exceptions
from kacang.shared.clock import utc_now
from tests import make
from tests.orders.deadlines.test_watching import AGO
from tests.orders.exceptions.conftest import Shop
from tests.web.console.conftest import work_as

PAGE, RULES = "/console/deadlines/", "/console/deadlines/rules/"


@pytest.fixture
def shop(merchant) -> Shop:
    return Shop(merchant)


@pytest.fixture
def late(shop):
    placed = shop.short()
    shop.run(AGO, 200, placed.number)
    operations.watch_deadlines(merchant_id=shop.merchant, now=utc_now())
    return placed


def test_what_is_late_shows_in_the_list_the_order_and_the_report(shop, late):
    client = work_as(shop.merchant)

    page = client.get(PAGE).content.decode()
    assert late.number in page
    assert "1 h 20 min" in page
    missed = client.get(f"{PAGE}?show=missed&stage=delivery").content.decode()
    assert late.number in missed
    assert "Missed deadlines by day" in missed
    assert late.number not in client.get(f"{PAGE}?show=soon").content.decode()
    order = client.get(f"/console/orders/{late.number}/").content.decode()
    assert "Deadline missed" in order
    listed = client.get("/console/orders/").content.decode()
    assert "Deadline missed" in listed
    file = client.get(f"{PAGE}?show=missed&format=xlsx")
    assert file.content[:2] == b"PK"


def test_a_rule_is_set_previewed_and_taken_back(shop):
    client = work_as(shop.merchant)
    assert '<b class="fw-6">2 h</b>' in client.get(RULES).content.decode()

    client.post(
        f"{RULES}set/",
        {"what": "delivery:code", "minutes": "45", "warn": "5", "since": "2099-01-01T00:00"},
    )

    text = client.get(f"{RULES}?at=2099-01-02T10:00").content.decode()
    assert "45 min" in text
    assert "2099-01-02 10:45" in text
    book = queries.rule_book(merchant_id=shop.merchant)
    (rule,) = [one for one in book.rules if one.kind == "code"]
    what = {"what": "delivery:code", "since": rule.valid_from.isoformat()}
    client.post(f"{RULES}drop/", what)
    assert "45 min" not in client.get(f"{RULES}?at=2099-01-02T10:00").content.decode()


def test_hours_days_and_levels_are_kept(shop):
    client = work_as(shop.merchant)
    hours = {f"day-{number}": "09:00-12:00, 13:30-18:00" for number in range(5)}

    client.post(f"{RULES}week/", {**hours, "day-5": "", "day-6": ""})
    client.post(f"{RULES}day/", {"day": "2099-10-01", "name": "国庆", "as": ""})
    client.post(f"{RULES}levels/", {"after-1": "10", "whom-1": "owner"})

    assert queries.hours_of(merchant_id=shop.merchant)[0] == ((540, 720), (810, 1080))
    assert queries.hours_of(merchant_id=shop.merchant)[6] == ()
    (step,) = exceptions.escalation_steps(merchant_id=shop.merchant)
    assert (step.after_minutes, step.role) == (10, "owner")
    client.post(f"{RULES}day-off/", {"day": "2099-10-01"})


@pytest.mark.parametrize(
    ("deed", "given"),
    [
        ("set", {"what": "nothing:code", "minutes": "5"}),
        ("set", {"what": "delivery:code"}),
        ("set", {"what": "delivery:goods", "minutes": "5"}),
        ("drop", {"what": "delivery:", "since": "yesterday"}),
        ("week", {"day-0": "nine to five"}),
        ("day", {"day": "never"}),
        ("levels", {}),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(shop, deed, given):
    before = queries.rule_book(merchant_id=shop.merchant)

    answer = work_as(shop.merchant).post(f"{RULES}{deed}/", given, follow=True)

    assert answer.status_code == 200
    assert "toast" in answer.content.decode() or "banner" in answer.content.decode()
    assert queries.rule_book(merchant_id=shop.merchant) == before


def test_the_report_shows_stages_people_and_days_and_downloads(shop, late):
    make.stock(shop.sku, 1)
    orders.replenish(merchant_id=shop.merchant, number=late.number, actor=SYSTEM)
    client = work_as(shop.merchant)

    page = client.get("/console/stages/?stage=stock&days=7").content.decode()
    assert "Waiting for stock" in page
    assert client.get("/console/stages/?format=xlsx").content[:2] == b"PK"
    assert "Stage" in client.get("/console/stages/?format=csv").content.decode("utf-8-sig")
    listed = client.get("/console/stages/orders/?stage=stock").content.decode()
    assert late.number in listed
    for query in ("?first=x&last=y", "?least=99999999999", "?stage=nothing", "?cursor=x"):
        assert client.get(f"/console/stages/orders/{query}").status_code == 200


def test_the_stage_of_a_mark_is_named(shop, late):
    page = queries.marks_page(merchant_id=shop.merchant, where=queries.MarkFilter())
    assert [row.stage for row in page.rows] == [Stage.DELIVERY]
