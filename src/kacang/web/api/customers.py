"""Customers who agreed to be remembered: lists, one, notes, levels, forgetting (H1)."""

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router

from kacang.customers import operations, queries, tags
from kacang.customers.operations import ConsentWay, ContactKind
from kacang.customers.queries import ContactView, CustomerFilter, CustomerRow, Sort, TagView
from kacang.merchants import audit
from kacang.merchants.tenancy import acting_as
from kacang.orders.customers import linking, reading
from kacang.orders.customers.reading import NOTHING
from kacang.shared.contacts import read_contact
from kacang.web.api.answers import answer, utc
from kacang.web.api.customer_schemas import (
    CustomerConsent,
    CustomerContact,
    CustomerDetail,
    CustomerIn,
    CustomerLevel,
    CustomerLevels,
    CustomerList,
    CustomerNote,
    CustomerNoteIn,
    CustomerQuery,
    CustomerSummary,
    CustomerTag,
    CustomerTagIn,
    CustomerTags,
    CustomerTagsIn,
    Spent,
)
from kacang.web.api.keys import BearerKey, Caller, caller_of
from kacang.web.api.paging import IDEMPOTENCY_KEY, Id, RepeatKey
from kacang.web.api.repeats import Once, once
from kacang.web.api.schemas import OpenidIn
from kacang.web.design.formats import mask_code, mask_contact

router = Router(tags=["customers"])
reads = BearerKey("customers:read")
writes = BearerKey("customers:write")


@router.get("/customers", response=CustomerList, auth=reads, operation_id="list_customers")
def list_customers(request: HttpRequest, asked: Query[CustomerQuery]) -> HttpResponse:
    """List customers in the order asked for; addresses are masked."""
    contact = read_contact(email=asked.email, phone=asked.phone)
    where = CustomerFilter(
        email=contact.email,
        phone=contact.phone,
        level=asked.level_id,
        tag=asked.tag_id,
        way=asked.agreed,
        spent_min_minor=asked.spent_min_minor,
        spent_max_minor=asked.spent_max_minor,
        orders_min=asked.orders_min,
        orders_max=asked.orders_max,
        since=asked.last_order_from,
        until=asked.last_order_to,
    )
    page = queries.find_customers(
        merchant_id=caller_of(request).merchant_id,
        where=where,
        sort=Sort(asked.sort),
        cursor=asked.cursor,
        limit=asked.limit,
    )
    items = [_summary(row) for row in page.rows]
    return answer(CustomerList(items=items, next_cursor=page.next_cursor or None))


@router.get(
    "/customer-levels", response=CustomerLevels, auth=reads, operation_id="list_customer_levels"
)
def list_levels(request: HttpRequest) -> HttpResponse:
    """List the merchant's levels; at most twenty, on one page."""
    found = queries.levels(merchant_id=caller_of(request).merchant_id)
    items = [CustomerLevel(id=one.uid, name=one.name, rank=one.rank) for one in found]
    return answer(CustomerLevels(items=items, next_cursor=None))


@router.get("/customer-tags", response=CustomerTags, auth=reads, operation_id="list_customer_tags")
def list_tags(request: HttpRequest) -> HttpResponse:
    """List the merchant's tags of customers."""
    found = tags.tags(merchant_id=caller_of(request).merchant_id)
    return answer(CustomerTags(items=[_tag(one) for one in found], next_cursor=None))


@router.post(
    "/customer-tags",
    response={201: CustomerTag},
    auth=writes,
    operation_id="make_customer_tag",
)
def make_tag(
    request: HttpRequest, data: CustomerTagIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Add a tag of customers to the merchant's list."""
    caller = caller_of(request)

    def effect() -> CustomerTag:
        uid = tags.make_tag(
            merchant_id=caller.merchant_id, name=data.name, colour=data.colour, actor=caller.actor
        )
        known = tags.tags(merchant_id=caller.merchant_id)
        return _tag(next(one for one in known if one.uid == uid))

    return once(request, Once(caller, repeat_key, 201, effect))


@router.post(
    "/customers/{customer_id}/tags",
    response=CustomerDetail,
    auth=writes,
    operation_id="tag_customer",
)
def change_tags(
    request: HttpRequest,
    customer_id: Id,
    data: CustomerTagsIn,
    repeat_key: RepeatKey = IDEMPOTENCY_KEY,
) -> HttpResponse:
    """Take tags off a customer, then put others on; all of it or nothing."""
    caller = caller_of(request)

    def effect() -> CustomerDetail:
        with acting_as(caller.merchant_id):
            for takes, uids in ((True, data.remove), (False, data.add)):
                for uid in dict.fromkeys(uids):
                    tags.tag_customer(
                        merchant_id=caller.merchant_id, uid=customer_id, tag=uid, takes=takes,
                        actor=caller.actor,
                    )  # fmt: skip
            # That there is such a customer is found out here, where nothing was asked for.
            return _detail(caller, customer_id, is_masked=True)

    return once(request, Once(caller, repeat_key, 200, effect))


@router.get(
    "/customers/{customer_id}", response=CustomerDetail, auth=reads, operation_id="read_customer"
)
def read(request: HttpRequest, customer_id: Id) -> HttpResponse:
    """Show a customer, addresses in full; that somebody looked is written down first."""
    caller = caller_of(request)
    with acting_as(caller.merchant_id):
        queries.customer(merchant_id=caller.merchant_id, uid=customer_id)
        audit.record(
            merchant_id=caller.merchant_id,
            actor=caller.actor,
            action="customers.show_contact",
            object_kind="customer",
            object_uid=customer_id,
        )
    response = answer(_detail(caller, customer_id))
    response.headers["Cache-Control"] = "no-store"
    return response


@router.post(
    "/customers/{customer_id}/notes",
    response={201: CustomerDetail},
    auth=writes,
    operation_id="note_customer",
)
def note(
    request: HttpRequest,
    customer_id: Id,
    data: CustomerNoteIn,
    repeat_key: RepeatKey = IDEMPOTENCY_KEY,
) -> HttpResponse:
    """Write something about a customer."""
    caller = caller_of(request)

    def effect() -> CustomerDetail:
        operations.add_note(
            merchant_id=caller.merchant_id, uid=customer_id, text=data.text, actor=caller.actor
        )
        return _detail(caller, customer_id, is_masked=True)

    return once(request, Once(caller, repeat_key, 201, effect))


@router.post(
    "/customers/{customer_id}",
    response=CustomerDetail,
    auth=writes,
    operation_id="change_customer",
)
def change(
    request: HttpRequest, customer_id: Id, data: CustomerIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Give a customer a name and a level."""
    caller = caller_of(request)

    def effect() -> CustomerDetail:
        operations.change(
            merchant_id=caller.merchant_id,
            uid=customer_id,
            name=data.name,
            level=data.level_id or "",
            actor=caller.actor,
        )
        return _detail(caller, customer_id, is_masked=True)

    return once(request, Once(caller, repeat_key, 200, effect))


@router.delete(
    "/customers/{customer_id}", response={204: None}, auth=writes, operation_id="forget_customer"
)
def forget(request: HttpRequest, customer_id: Id) -> HttpResponse:
    """Take back a customer's consent: addresses, name, level, notes and links are gone for ever."""
    caller = caller_of(request)
    linking.forget_customer(
        merchant_id=caller.merchant_id, uid=customer_id, way=ConsentWay.API, actor=caller.actor
    )
    return HttpResponse(status=204)


@router.post(
    "/customers/{customer_id}/openid",
    response=CustomerDetail,
    auth=writes,
    operation_id="set_customer_openid",
)
def set_openid(
    request: HttpRequest, customer_id: Id, data: OpenidIn, repeat_key: RepeatKey = IDEMPOTENCY_KEY
) -> HttpResponse:
    """Say as whom a customer reads in the mini-program, in the place of what was known before.

    Only a customer, who agreed to be remembered, has one; it goes when they are forgotten.
    """
    caller = caller_of(request)

    def effect() -> CustomerDetail:
        operations.add_openid(
            merchant_id=caller.merchant_id,
            uid=customer_id,
            openid=data.openid,
            actor=caller.actor,
            is_only=True,
        )
        return _detail(caller, customer_id, is_masked=True)

    return once(request, Once(caller, repeat_key, 200, effect))


@router.delete(
    "/customers/{customer_id}/openid",
    response={204: None},
    auth=writes,
    operation_id="drop_customer_openid",
)
def drop_openid(request: HttpRequest, customer_id: Id) -> HttpResponse:
    """Take away as whom a customer reads in the mini-program; safe to repeat."""
    caller = caller_of(request)
    operations.drop_openids(merchant_id=caller.merchant_id, uid=customer_id, actor=caller.actor)
    return HttpResponse(status=204)


def _masked(one: ContactView) -> str:
    return mask_code(one.value) if one.kind is ContactKind.WECHAT else mask_contact(one.value)


def _tag(one: TagView) -> CustomerTag:
    return CustomerTag(id=one.uid, name=one.name, colour=one.colour)


def _summary(row: CustomerRow) -> CustomerSummary:
    spent = [row.spent] if row.spent.minor else []
    return CustomerSummary.model_construct(
        id=row.uid,
        name=row.name or None,
        level=row.level or None,
        tags=[_tag(one) for one in row.tags],
        contacts=[
            CustomerContact(
                kind=one.kind.name.lower(),
                value=_masked(one),
                is_proved=one.verified_at is not None,
            )
            for one in row.contacts
        ],
        paid_orders=row.paid_orders,
        spent=[Spent(amount_minor=one.minor, currency=one.currency) for one in spent],
        last_order_at=utc(row.last_order_at),
        created_at=utc(row.created_at),
    )


def _detail(caller: Caller, uid: str, *, is_masked: bool = False) -> CustomerDetail:
    """Tell of a customer. What is kept for repeats of a request has no address in full."""
    view = queries.customer(merchant_id=caller.merchant_id, uid=uid)
    sums = reading.bought(merchant_id=caller.merchant_id, customer_ids=[view.id])
    bought = sums.get(view.id, NOTHING)
    return CustomerDetail.model_construct(
        id=view.uid,
        name=view.name or None,
        level=view.level or None,
        level_id=view.level_uid or None,
        tags=[_tag(one) for one in view.tags],
        contacts=[
            CustomerContact(
                kind=one.kind.name.lower(),
                value=_masked(one) if is_masked else one.value,
                is_proved=one.verified_at is not None,
            )
            for one in view.contacts
        ],
        paid_orders=bought.orders,
        spent=[Spent(amount_minor=one.minor, currency=one.currency) for one in bought.amounts],
        last_order_at=utc(bought.last_at),
        created_at=utc(view.created_at),
        agreed_at=utc(view.agreed_at),
        notes=[
            CustomerNote.model_construct(text=one.text, by=one.actor_label, at=utc(one.at))
            for one in view.notes
        ],
        consents=[
            CustomerConsent.model_construct(is_given=one.is_given, way=one.way, at=utc(one.at))
            for one in view.consents
        ],
    )
