"""Tokens of "it was not me": made when the mail is sent, kept nowhere (I1)."""

from dataclasses import asdict, dataclass

from django.core import signing

SALT = "kacang.sign_in.not_me"
GOOD_SECONDS = 3 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Place:
    """From where a person signed in, as they were told."""

    user_id: int
    device: str
    network: str


def not_me_token(place: Place) -> str:
    """Return what the link in the mail carries."""
    return signing.dumps(asdict(place), salt=SALT)


def read_not_me(token: str) -> Place | None:
    """Return whom a token is for; None when it is none, or too old."""
    try:
        return Place(**signing.loads(token, salt=SALT, max_age=GOOD_SECONDS))
    except (signing.BadSignature, TypeError):
        return None
