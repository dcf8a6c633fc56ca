"""The statements of the hot path, by hand and set-based.

The only place that may name other rooms' tables; what it uses of them those rooms promise and
test. The texts and their parameters know no web framework and no driver: named parameters, every
one cast where it stands (rule 31).
"""

from importlib.resources import files

from kacang.orders.statements import Statement, statement


def _read(name: str) -> str:
    return files(__name__).joinpath(name).read_text(encoding="utf-8")


def _statement(name: str, **parts: str) -> Statement:
    """Read a text and put parts in: `{name}` in it stands for the part of that name."""
    text = _read(name)
    for part in (parts, {"claim": _read("claim.sql")}):
        for place, insert in part.items():
            text = text.replace("{" + place + "}", insert)
    return statement(text)


QUOTE = _statement("quote.sql")
PLACE_QUICK = _statement(
    "place.sql", found=_read("place_quick.sql"), looped="", former="", after_former=""
)
PLACE = _statement(
    "place.sql",
    found=_read("place_thorough.sql"),
    looped="+ (select coalesce(sum(quantity), 0) from looped p where p.number = w.number)",
    former=_read("place_former.sql"),
    after_former="where (select count(*) from former) >= 0",
)
RECEIVE = _statement("receive.sql")
CLASSIFY = _statement("classify.sql")
_CARDS = {
    "due": "",
    "all_units": "",
    "all_given": "",
    "whole": "4",
    "none_owed": "",
    "told": "3",
    "news": "'orders.delivered'",
    "reason": "case when t.units = t.delivered then '' else t.hold_reason end",
}
# Orders with goods: what of them is owed or lacking is known before, and counts with the cards.
_GOODS = {
    **_CARDS,
    "due": ", owed int, lacking int",
    "all_units": " + d.owed + d.lacking",
    "all_given": " + d.owed",
    "whole": "case when t.owed > 0 then 1 else 4 end",
    "none_owed": " and t.owed = 0",
    "told": "case when owed > 0 then 15 else 3 end",
    "news": (
        "case when owed = 0 or delivered > owed then 'orders.delivered' else 'orders.ready' end"
    ),
}
DELIVER_QUICK = _statement(
    "deliver.sql",
    found=_read("deliver_quick.sql"),
    extra="",
    parts="",
    owed="",
    earned="earned_minor",
    **_CARDS,
)
_THOROUGH = {
    "found": _read("deliver_thorough.sql").replace("{claims}", _read("deliver_claims.sql")),
    "extra": _read("deliver_extra.sql"),
    "parts": (
        "select %(merchant)s::bigint, 2900, 2200, amount_minor, currency, 8, 2, id,"
        " (select now from clock) from parts union all "
        # What the cards are owed that are good for something: no revenue yet.
        "select %(merchant)s::bigint, 2200, 2250, d.minor, s.currency, 16, 1, s.id,"
        " (select now from clock) from deferred d join settled s on s.id = d.order_id union all "
    ),
    "owed": ", owed_minor = g.owed_minor",
    "earned": (
        "earned_minor"
        " - coalesce((select m.deferred_minor from open_money m where m.order_id = id), 0)"
        " - coalesce((select d.minor from deferred d where d.order_id = id), 0)"
    ),
}
DELIVER = _statement("deliver.sql", **_THOROUGH, **_CARDS)
DELIVER_GOODS = _statement("deliver.sql", **_THOROUGH, **_GOODS)
# Deposits: what was paid is owed to the wallet, and is no sale of which anybody is told.
_DEPOSITS = {**_THOROUGH, **_CARDS, "earned": "0::bigint", "news": "'orders.deposited'"}
DELIVER_DEPOSITS = _statement("deliver.sql", **_DEPOSITS)
# Orders that a rule of review holds: they are paid, and nothing is given yet (O9).
_HELD = {
    **_CARDS,
    "found": _read("deliver_held.sql"),
    "extra": _read("deliver_extra.sql"),
    "parts": (
        "select %(merchant)s::bigint, 2900, 2200, amount_minor, currency, 8, 2, id,"
        " (select now from clock) from parts union all "
    ),
    "owed": "",
    "earned": "0::bigint",
    "whole": "9",
    "none_owed": " and false",
    "told": "111",
    "news": "'orders.on_hold'",
    "reason": "t.hold_reason",
}
DELIVER_HELD = _statement("deliver.sql", **_HELD)
REVIEW_BOOK = _statement("review_book.sql")
REVIEW_FACTS = _statement("review_facts.sql")
REVIEW_LINES = _statement("review_lines.sql")
REVIEW_RECENT = _statement("review_recent.sql")
REVIEW_ACCOUNTS = _statement("review_accounts.sql")
REVIEW_BUYER = _statement("review_buyer.sql")
REVIEW_MEDIAN = _statement("review_median.sql")
REVIEW_WRITE = _statement("review_write.sql")
RELEASE = _statement("release.sql")
REPLACE = _statement("replace.sql")
CORRECT = _statement("correct.sql")
WAIT_LONGER = _statement("wait_longer.sql")
SUSPEND = _statement("suspend.sql")
# Templates and parts of conditions: `finding` puts them together.
LIST = _read("list.sql")
EXPORT = _statement("export.sql")
LEAD_PAYMENT = _read("lead_payment.sql")
PAID_THROUGH = _read("paid_through.sql")
ACCOUNTS_OF = _read("accounts_of.sql")
KEYS_OF = _read("keys_of.sql")
CUSTOMER_OF = _read("customer_of.sql")
LEVEL_OF = _read("level_of.sql")
CUSTOMERS_OF_LEVEL = _read("customers_of_level.sql")
OF_LEVEL = _read("of_level.sql")
LEAD_LEVEL = _read("lead_level.sql")
RULE_OF = _read("rule_of.sql")
