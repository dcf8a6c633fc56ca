"""What a mail's link carries that ends somebody's waiting for new stock. Kept nowhere."""

from django.core import signing

from kacang.shared.errors import NotFound

_SIGNER = "kacang.shop.wait"


class UnknownLink(NotFound):
    """The link was changed, or is none of ours."""

    code = "shop.unknown_link"


def token_of(uid: str) -> str:
    """Return the token for the wait of this name."""
    return signing.Signer(salt=_SIGNER).sign(uid)


def uid_of(token: str) -> str:
    """Return whose token it is, or raise UnknownLink."""
    try:
        return signing.Signer(salt=_SIGNER).unsign(token)
    except signing.BadSignature:
        raise UnknownLink from None
