"""The overview: what waits for a person, how today goes, and the first steps of a new shop."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from kacang.catalog import queries as catalog
from kacang.catalog.queries import ProductFilter, StockMode
from kacang.merchants import operations
from kacang.merchants import queries as merchants
from kacang.merchants.tenancy import acting_as
from kacang.orders import queries as orders
from kacang.orders.figures import DayFigures, Seller
from kacang.orders.types import OrderFilter, OrderState
from kacang.payments import listing as payments
from kacang.payments import queries as accounts
from kacang.shared.money import Money, exponent
from kacang.supply.queries import available_of, default_terms
from kacang.vault import queries as vault
from kacang.web.console.access import needs
from kacang.web.console.desk import Desk, desk_of
from kacang.web.console.waiting import exceptions_todo, low_skus, troubles
from kacang.web.design.formats import count
from kacang.web.design.parts import Chart, Figure, Series, Todo
from kacang.web.requests import ConsoleRequest

HOURS = 24
BEST = 5
LATEST = 8
MYRIAD = 10_000
# A stock of so many is full where nobody said what is low.
FULL_LEAST = 100


@dataclass(frozen=True, slots=True)
class Day:
    """A day so far, and the day before up to the same time."""

    start: datetime
    now: datetime

    @property
    def before_start(self) -> datetime:
        """Midnight of the day before, by the clock on the wall."""
        return self.start - timedelta(days=1)

    @property
    def before_now(self) -> datetime:
        """The same time of day, a day before."""
        return self.now - timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Best:
    """A SKU that sells, with its stock against what is thought to be enough."""

    seller: Seller
    available: int | None
    enough: int

    @property
    def filled(self) -> int:
        """How full the stock is, in percent of four times the warning level."""
        full = max(4 * self.enough, FULL_LEAST)
        return min(100, (self.available or 0) * 100 // full)

    @property
    def tone(self) -> str:
        """The colour of the stock's bar."""
        left = self.available or 0
        if left < max(self.enough, 1):
            return "low"
        return "mid" if left < 2 * self.enough else ""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a new shop."""

    title: Promise | str
    line: Promise | str
    done: bool
    url: str
    verb: Promise | str


@needs("dashboard.view")
def overview(request: ConsoleRequest) -> HttpResponse:
    """Show what waits, today's figures, what sells, what happened last."""
    desk = desk_of(request)
    day = _day(desk.zone, timezone.now())
    with acting_as(desk.merchant_id):
        steps = _steps(desk)
        is_new = any(not step.done for step in steps)
        hidden = is_new and merchants.has_hidden_first_steps(
            merchant_id=desk.merchant_id, member_id=request.membership.member_id
        )
        context = {
            "todo": _todo(desk),
            "figures": _figures(desk, day),
            "chart": _chart(desk, day),
            "best": _best(desk, day),
            "latest": _latest(desk),
            "steps": steps if is_new and not hidden else (),
            "steps_hidden": hidden,
            "steps_done": sum(step.done for step in steps),
            "at": day.now,
            "can_see_orders": "orders.view" in desk.permissions,
            "can_import": "stock.import" in desk.permissions,
        }
    return render(request, "console/dashboard/overview.html", context)


@needs("dashboard.view")
@require_POST
def first_steps(request: ConsoleRequest) -> HttpResponse:
    """Put the list of first steps away for the person, or show it again."""
    hide = request.POST.get("show") != "1"
    operations.hide_first_steps(
        merchant_id=request.merchant, member_id=request.membership.member_id,
        now=timezone.now() if hide else None,
    )  # fmt: skip
    return redirect("console_home")


@needs()
def home(request: ConsoleRequest) -> HttpResponse:
    """Lead each role to the first page that it may see."""
    permissions = desk_of(request).permissions
    if "dashboard.view" in permissions:
        return overview(request)
    first = "console_orders" if "orders.view" in permissions else "console_products"
    return redirect(first)


def _day(zone: ZoneInfo, now: datetime) -> Day:
    local = now.astimezone(zone)
    return Day(local.replace(hour=0, minute=0, second=0, microsecond=0), local)


def _todo(desk: Desk) -> list[Todo]:
    may = desk.permissions
    counts = orders.counts_by_state(merchant_id=desk.merchant_id)
    items = []
    if "orders.view" in may:
        page = reverse("console_orders")
        items.append(exceptions_todo(desk))
        held, pending = (counts[state].count for state in (OrderState.ON_HOLD, OrderState.PENDING))
        items.append(
            Todo(
                "package",
                _("On hold"),
                held,
                f"{page}?state=on_hold",
                _("paid, not delivered"),
                alarming=True,
            )
        )
        items.append(
            Todo(
                "clock",
                _("Awaiting payment"),
                pending,
                f"{page}?state=pending",
                _("stock is reserved"),
            )
        )
    if "payments.view" in may:
        waiting = payments.suspense_count(merchant_id=desk.merchant_id)
        items.append(
            Todo(
                "cash",
                _("Money to decide on"),
                waiting,
                reverse("console_suspense"),
                _("fits no order"),
                alarming=True,
            )
        )
    if "stock.view" in may:
        low, empty = low_skus(desk.merchant_id)
        note = ngettext("%(count)s sold out", "%(count)s sold out", empty) % {"count": empty}
        items.append(
            Todo(
                "alert-triangle",
                _("Low stock"),
                low,
                f"{reverse('console_stock')}?show=low",
                note,
                alarming=True,
            )
        )
    return items + troubles(desk)


def _figures(desk: Desk, day: Day) -> list[Figure]:
    today = orders.day_figures(
        merchant_id=desk.merchant_id, since=day.start, until=day.now + timedelta(seconds=1)
    )
    before = orders.day_figures(
        merchant_id=desk.merchant_id, since=day.before_start, until=day.before_now
    )
    hours = _by_hour(desk, day.start, day.now)
    paid = [float(minor) for _orders, minor in hours[: day.now.hour + 1]]
    number = [float(orders_) for orders_, _minor in hours[: day.now.hour + 1]]
    return [
        _figure(
            _("Paid amount"),
            _money(desk, today.paid_minor),
            _money(desk, before.paid_minor),
            (today.paid_minor, before.paid_minor),
            paid,
        ),
        _figure(
            _("Paid orders"),
            count(today.orders),
            count(before.orders),
            (today.orders, before.orders),
            number,
        ),
        _figure(
            _("Average order"),
            _money(desk, _average(today)),
            _money(desk, _average(before)),
            (_average(today), _average(before)),
            (),
        ),
        _figure(
            _("Delivered at once"),
            _rate(today),
            _rate(before),
            (_rate_bp(today), _rate_bp(before)),
            (),
        ),
    ]


def _figure(
    label: str, value: str, before: str, numbers: tuple[int, int], course: Sequence[float]
) -> Figure:
    now, then = numbers
    change = f"{abs(now - then) * 100 / then:.1f}%" if then and now != then else ""
    return Figure(
        label=label,
        value=value,
        before=_("yesterday by now %(value)s") % {"value": before},
        change=change,
        rises=now >= then,
        course=course,
    )


def _money(desk: Desk, minor: int) -> str:
    return str(Money(minor, desk.currency))


def _average(day: DayFigures) -> int:
    return day.paid_minor // day.orders if day.orders else 0


def _rate_bp(day: DayFigures) -> int:
    return day.delivered * MYRIAD // day.orders if day.orders else 0


def _rate(day: DayFigures) -> str:
    return f"{_rate_bp(day) / 100:.2f}%" if day.orders else "—"


def _by_hour(desk: Desk, since: datetime, until: datetime) -> list[tuple[int, int]]:
    """Return orders and amount of each hour of a day; an hour of summer time counts twice."""
    found = orders.by_hour(
        merchant_id=desk.merchant_id, since=since, until=until, zone=desk.zone.key
    )
    hours = [(0, 0)] * HOURS
    for row in found:
        at = row.hour.astimezone(desk.zone).hour
        hours[at] = (hours[at][0] + row.orders, hours[at][1] + row.paid_minor)
    return hours


def _chart(desk: Desk, day: Day) -> Chart:
    today = _by_hour(desk, day.start, day.now + timedelta(seconds=1))
    before = _by_hour(desk, day.before_start, day.start)
    unit = 10 ** exponent(desk.currency)
    passed = day.now.hour + 1

    def amounts(hours: list[tuple[int, int]], until: int) -> list[float | None]:
        return [minor / unit if at < until else None for at, (_n, minor) in enumerate(hours)]

    numbers = [float(n) if at < passed else None for at, (n, _minor) in enumerate(today)]
    return Chart(
        name="trend",
        title=_("Payments by hour"),
        labels=[f"{hour:02d}:00" for hour in range(HOURS)],
        series=[
            Series(_("Paid orders"), numbers, "bar", second_axis=True),
            Series(_("Yesterday"), amounts(before, HOURS), "dashed"),
            Series(_("Today"), amounts(today, passed), "area"),
        ],
        unit=desk.currency,
    )


def _best(desk: Desk, day: Day) -> list[Best]:
    sellers = orders.best_sellers(
        merchant_id=desk.merchant_id,
        since=day.start,
        until=day.now + timedelta(seconds=1),
        most=BEST,
    )
    skus = catalog.skus_by_uid(
        merchant_id=desk.merchant_id, uids=[seller.sku_uid for seller in sellers]
    )
    counted = [sku for sku in skus.values() if sku.stock_mode != StockMode.LOOP]
    free = available_of(desk.merchant_id, counted)
    terms = default_terms(merchant_id=desk.merchant_id)
    rows = []
    for seller in sellers:
        sku = skus.get(seller.sku_uid)
        left = free.get(sku.id) if sku else None
        rows.append(Best(seller, left, terms.of(sku).low_stock_at if sku else 0))
    return rows


def _latest(desk: Desk) -> Sequence[object]:
    if "orders.view" not in desk.permissions:
        return ()
    page = orders.orders_page(merchant_id=desk.merchant_id, where=OrderFilter(), limit=LATEST)
    return page.rows


def _steps(desk: Desk) -> list[Step]:
    """Return the first steps of a shop, for those who may take them all."""
    if not {"settings.edit", "products.edit", "payments.edit"} <= desk.permissions:
        return []
    who = desk.merchant_id
    products = catalog.products_page(merchant_id=who, where=ProductFilter(), limit=1).items
    ids = [sku.id for product in products for sku in product.skus]
    stocked = vault.batches(merchant_id=who, limit=1).items
    loops = vault.loop_filled(merchant_id=who, sku_ids=ids) if ids else set()
    sold = orders.orders_page(merchant_id=who, where=OrderFilter(), limit=1).rows
    first_product = reverse("console_product", args=[products[0].uid]) if products else ""
    first_stock = (
        reverse("console_stock_sku", args=[products[0].skus[0].uid])
        if products and products[0].skus
        else reverse("console_stock")
    )
    return [
        Step(
            _("Name your shop"),
            _("Buyers see it on every page."),
            bool(merchants.setting(merchant_id=who, name="shop_name")),
            "/console/settings/",
            _("Settings"),
        ),
        Step(
            _("Take payments"),
            _("Add a payment account; a sandbox will do for trials."),
            any(row.enabled for row in accounts.accounts(merchant_id=who)),
            reverse("console_payment_accounts"),
            _("Payment accounts"),
        ),
        Step(
            _("Write your first product"),
            _("A title, a price, and put it on sale."),
            bool(products),
            first_product or reverse("console_product_new"),
            _("Add a product"),
        ),
        Step(
            _("Import codes"),
            _("From a workbook, a text file or pasted; or have them made."),
            bool(stocked or loops),
            first_stock,
            _("Import codes"),
        ),
        Step(
            _("Place a test order"),
            _("Buy from your own shop and watch it being delivered."),
            bool(sold),
            f"/s/{desk.slug}/",
            _("Open the shop"),
        ),
    ]
