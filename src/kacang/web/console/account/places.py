"""Telling a person by mail that somebody signed in from a device or a place that is new (I1)."""

import ipaddress
from typing import Protocol

from django.http import HttpRequest

from kacang.merchants import operations, queries
from kacang.merchants.audit import Actor
from kacang.messages import operations as messages
from kacang.messages.events import Event
from kacang.messages.operations import Tell
from kacang.shared.ids import new_uid
from kacang.web.addresses import client_address
from kacang.web.console.account.devices import name_of_device

# Addresses of a home or an office change, their networks seldom do.
PREFIX = {4: 24, 6: 48}


class Person(Protocol):
    """What is needed of a user here."""

    pk: int
    email: str
    language: str


def tell_of_new_place(request: HttpRequest, user: Person) -> None:
    """Mail a person who signs in from a kind of device and network that they never used."""
    device = name_of_device(request.META.get("HTTP_USER_AGENT", ""))
    address = client_address(request)
    network = network_of(address)
    if not operations.note_place(user_id=user.pk, device=device, network=network):
        return
    actor = Actor(kind="user", id=user.pk, label=user.email, address=address)
    operations.audit_person(user_id=user.pk, actor=actor, action="account.new_place")
    places = queries.memberships_of(user_id=user.pk)
    if not places:
        return
    messages.tell(
        merchant_id=places[0].merchant_id,
        message=Tell(
            event=Event.SIGN_IN_NEW,
            once=new_uid("sgn"),
            context={
                "device": device, "address": address, "network": network, "user_id": user.pk,
            },
            emails=[user.email],
            language="zh-Hans" if user.language.startswith("zh") else "en",
        ),
    )  # fmt: skip


def network_of(address: str) -> str:
    """Return the network that an address is of, or the text itself when it is none."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network(f"{found}/{PREFIX[found.version]}", strict=False))
