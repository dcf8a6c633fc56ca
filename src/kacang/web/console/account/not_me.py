"""It was not me: ends every session of a person, from the link in the mail (I1)."""

from allauth.usersessions.models import UserSession
from django.contrib.auth import get_user_model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from kacang.merchants import operations
from kacang.merchants.audit import Actor
from kacang.web.access import public
from kacang.web.addresses import client_address
from kacang.web.sign_in_tokens import Place, read_not_me


@public
@require_http_methods(["GET", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """Ask, then end all sessions. The link alone does nothing: mail scanners open links."""
    place = read_not_me(token)
    if place is None:
        return render(request, "console/account/not_me.html", {"state": "over"}, status=404)
    if request.method != "POST":
        return render(request, "console/account/not_me.html", {"state": "ask", "place": place})
    _end_all(request, place)
    return render(request, "console/account/not_me.html", {"state": "done"})


def _end_all(request: HttpRequest, place: Place) -> None:
    for session in UserSession.objects.filter(user_id=place.user_id):
        session.end()
    operations.forget_place(user_id=place.user_id, device=place.device, network=place.network)
    user = get_user_model().objects.filter(pk=place.user_id).first()
    if user is not None:
        actor = Actor(
            kind="user", id=user.pk, label=user.get_username(), address=client_address(request)
        )
        operations.audit_person(user_id=user.pk, actor=actor, action="account.not_me")
