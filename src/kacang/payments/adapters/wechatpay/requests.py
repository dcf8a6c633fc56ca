"""Requests to WeChat Pay, signed with the merchant's key."""

from kacang.payments.adapters.wechatpay import signing
from kacang.payments.adapters.wechatpay.account import Merchant
from kacang.payments.ports import BadSecrets
from kacang.shared.clock import utc_now
from kacang.shared.outbound import Answer, Outbound


def ask(http: Outbound, merchant: Merchant, method: str, target: str, body: bytes = b"") -> Answer:
    """Send one signed request to WeChat Pay; `target` is path and query.

    Raises:
        DomainError: As `Outbound`; also when the merchant's key cannot sign.
    """
    headers = {**signed_headers(merchant, method, target, body), "accept": "application/json"}
    url = merchant.urls["gateway"] + target
    if method == "GET":
        return http.get(url, headers=headers)
    return http.post(url, body, headers={**headers, "content-type": "application/json"})


def signed_headers(
    merchant: Merchant, method: str, target: str, body: bytes = b""
) -> dict[str, str]:
    """Return the headers that make a request ours.

    Raises:
        BadSecrets: The merchant's private key is none.
    """
    key = signing.private_key(merchant.private_key)
    if key is None:
        raise BadSecrets(field="private_key")
    stamp, nonce = int(utc_now().timestamp()), signing.new_nonce()
    message = signing.request_message(method, target, stamp, nonce, body)
    signature = signing.sign(key, message)
    named = [("wechatpay-serial", serial) for serial in merchant.public_keys]
    return {
        "authorization": signing.authorization(
            merchant.mchid, merchant.serial_no, stamp, nonce, signature
        ),
        # Which of its keys WeChat shall answer with.
        **dict(named),
    }
