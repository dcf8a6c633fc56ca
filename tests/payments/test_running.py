"""Companies beside a demo: each runs as a command, and says what its account needs."""

import json
import re
import subprocess
import sys
from importlib.metadata import entry_points

import pytest

from kacang.payments.companies.registry import GROUP
from kacang.payments.ports import ProviderSilent, Surroundings
from kacang.shared.clock import utc_now
from kacang.shared.outbound import Guard, Outbound
from tests.payments.accounts import info_of


@pytest.mark.parametrize("name", ["alipay", "btcpay", "epay", "epusdt", "stripe", "wechatpay"])
def test_P1_a_company_runs_as_a_command(name, tmp_path):
    keys, needed = tmp_path / "keys.json", tmp_path / "account.json"
    command = [sys.executable, "-m", f"simulators.payments.{name}"]
    options = ["--keys", str(keys), "--account", str(needed), "--callback-url", "http://x.test/"]
    with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout
            (url,) = re.findall(r"http://\S+", running.stdout.readline())
            said = json.loads(needed.read_text())
            account = info_of(said)
            http = Outbound(Guard.build(own_urls=[url]), seconds=5)
            company = entry_points(group=GROUP)[name].load()(Surroundings("http://shop.test", http))
            company.check_secrets(account.secrets, account.options)
            company.probe(account, utc_now())
            http.post(f"{url}/_sim", b"is_silent=1")
            with pytest.raises(ProviderSilent):
                company.probe(account, utc_now())
        finally:
            running.terminate()
    assert keys.stat().st_mode & 0o077 == 0
    assert needed.stat().st_mode & 0o077 == 0
