"""WeChat Pay as a server of its own, written from its protocol (APIv3).

It demands our signature, signs whatever it answers and tells with keys of its own (its public key
or a platform certificate, as `signs_with` says), keeps books, and has a cashier's page for people
at `/cashier/{number}`: the QR code and the H5 address lead there. Bills are there for any day, of
today too. `python -m simulators.payments.wechatpay --port 8901 --keys KEYS.json --account
ACCOUNT.json` runs it; `account_of(keys, url)` is what is filled in for an account there:

    provider  wechatpay
    currency  CNY
    secrets   private_key, api_v3_key, app_secret
    options   mchid, appid, serial_no, verification, public_key_id, public_key,
              native, jsapi, h5, gateway, sign_in, tokens
"""

from simulators.payments.company import Deed
from simulators.payments.wechatpay.keys import account_of, new_keys
from simulators.payments.wechatpay.server import WechatPay

__all__ = ["Deed", "WechatPay", "account_of", "new_keys"]
