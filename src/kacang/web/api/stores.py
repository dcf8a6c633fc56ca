"""The merchant's stores: their ids are what orders and redemptions name (R1)."""

from django.http import HttpRequest, HttpResponse
from ninja import Router

from kacang.merchants import queries
from kacang.web.api.answers import answer
from kacang.web.api.keys import BearerKey, caller_of
from kacang.web.api.schemas import Output

router = Router(tags=["stores"])
reads = BearerKey("orders:read")


class Store(Output):
    """A place where the merchant sells over the counter."""

    id: str
    code: str
    name: str
    address: str
    is_open: bool


class StoreList(Output):
    """All stores: at most 500, open ones first."""

    items: list[Store]


@router.get("/stores", response=StoreList, auth=reads, operation_id="list_stores")
def list_stores(request: HttpRequest) -> HttpResponse:
    """List the stores, open ones first, then by name."""
    found = queries.stores(merchant_id=caller_of(request).merchant_id)
    items = [
        Store.model_construct(
            id=one.uid, code=one.code, name=one.name, address=one.address, is_open=one.is_open
        )
        for one in found
    ]
    return answer(StoreList.model_construct(items=items))
