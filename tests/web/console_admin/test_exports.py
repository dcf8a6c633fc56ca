"""V4 at the desk: who exports codes shows a fresh second factor, twice, and says why."""

import csv
import io

import pytest
import pyzipper
from django.test import Client

from kacang.outbox import queries as works
from kacang.outbox.queries import WorkState
from kacang.vault import operations, queries
from tests.threads import at_once
from tests.web.console.goods import stocked_sku
from tests.web.console_admin.test_signing_in import code_now, set_up, switch_on

NEW = "/console/stock/exports/new/"
CODES = ["DESK-0001", "DESK-0002", "DESK-0003"]
PASSPHRASE = "correct horse 99 battery"


@pytest.fixture(autouse=True)
def _slow_clock(settings):
    """Codes of the steps around now are good, whenever a step ends while a test runs."""
    settings.MFA_TOTP_TOLERANCE = 3


@pytest.fixture
def batch(merchant):
    stocked_sku(merchant, codes=CODES)
    return queries.batches(merchant_id=merchant).items[0].uid


def exports(merchant):
    return works.works(merchant_id=merchant, kinds=("vault.export",))


def ask(worker, batch, code, **values):
    return worker.client.post(
        NEW, {"batch": batch, "reason": "对账", "code": code, **values}, follow=True
    )


def one_export(worker, merchant, batch, code):
    assert ask(worker, batch, code).status_code == 200
    (item,) = exports(merchant)
    operations.run_export(merchant_id=merchant, work_uid=item.uid)
    return f"/console/stock/exports/{item.uid}/"


class TestExport:
    def test_is_asked_for_watched_and_fetched(self, owner, merchant, batch, log):
        secret = switch_on(owner)
        dialog = owner.client.get(f"/console/stock/batches/{batch}/").content.decode()
        assert 'id="export-ask"' in dialog

        page = one_export(owner, merchant, batch, code_now(secret, 1))
        shown = owner.client.get(page)
        made = shown.context["passphrase"]
        answer = owner.client.post(page, {"passphrase": made, "code": code_now(secret, 2)})
        body = b"".join(answer.streaming_content)

        assert made in shown.content.decode()
        assert "no-store" in shown["Cache-Control"]
        assert made != owner.client.get(page).context["passphrase"]
        assert answer["Content-Type"] == "application/zip"
        assert "no-store" in answer["Cache-Control"]
        with pyzipper.AESZipFile(io.BytesIO(body)) as archive:
            archive.setpassword(made.encode())
            text = archive.read("cards.csv").decode("utf-8-sig")
        assert [row["Code"] for row in csv.DictReader(io.StringIO(text))] == CODES
        entries = [(row.action, row.actor_label) for row in log()][:2]
        assert entries == [
            ("cards.export_fetch", owner.email),
            ("cards.export", owner.email),
        ]
        centre = owner.client.get("/console/works/").content.decode()
        assert f'href="{page}"' in centre

    def test_O10_a_form_sent_at_once_and_again_is_one_export(self, owner, merchant, batch):
        """The second finds its code used up by the first: it is led to what that started."""
        secret = switch_on(owner)
        form = {
            "batch": batch, "reason": "对账", "token": "t-1", "code": code_now(secret, 1),
        }  # fmt: skip

        def send() -> int:
            other = Client(REMOTE_ADDR="192.0.2.77")
            other.cookies = owner.client.cookies
            return other.post(NEW, form).status_code

        assert at_once([send, send], threads=2) == [302, 302]
        (item,) = exports(merchant)

        again = owner.client.post(NEW, form)
        assert again["Location"] == f"/console/stock/exports/{item.uid}/"
        assert len(exports(merchant)) == 1
        dialog = owner.client.get(f"/console/stock/batches/{batch}/").content.decode()
        assert 'name="token"' in dialog

    def test_wants_a_code_that_was_not_used(self, owner, merchant, batch, log):
        secret = switch_on(owner)

        code = code_now(secret, 1)
        one_export(owner, merchant, batch, code)
        used = ask(owner, batch, code)
        wrong = ask(owner, batch, "000000")
        none = ask(owner, batch, "")

        for answer in (used, wrong, none):
            assert "The code is wrong or was used already." in answer.content.decode()
        assert len(exports(merchant)) == 1
        assert len(log(action="account.second_factor_failed")) == 3

    def test_takes_no_code_twice_though_processes_share_no_memory(self, owner, merchant, batch):
        secret = switch_on(owner)
        code = code_now(secret, 1)
        page = one_export(owner, merchant, batch, code)

        from_other_process = "allauth.mfa.totp.internal.auth.TOTP._mark_code_used"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(from_other_process, lambda self, code: True)
            answer = owner.client.post(page, {"passphrase": PASSPHRASE, "code": code})

        assert answer.status_code == 403
        assert "was used already" in answer.content.decode()

    def test_takes_no_code_that_set_the_factor_up_or_signed_in(
        self, owner, merchant, batch, monkeypatch
    ):
        # As in another process, which knows nothing of what was used here.
        monkeypatch.setattr(
            "allauth.mfa.totp.internal.auth.TOTP._mark_code_used", lambda self, code: True
        )
        secret, code = set_up(owner)

        setting_up = ask(owner, batch, code)

        assert "was used already" in setting_up.content.decode()
        owner.client.post("/console/logout/")
        signed_in = code_now(secret, 1)
        owner.sign_in()
        assert owner.client.post("/console/login/code/", {"code": signed_in}).status_code == 302
        assert "was used already" in ask(owner, batch, signed_in).content.decode()
        assert exports(merchant) == []
        assert ask(owner, batch, code_now(secret, 2)).status_code == 200
        assert len(exports(merchant)) == 1

    def test_is_refused_without_a_second_factor_and_says_how_to_set_one_up(
        self, owner, merchant, batch
    ):
        dialog = owner.client.get(f"/console/stock/batches/{batch}/").content.decode()
        answer = ask(owner, batch, "123456")

        assert 'href="/console/account/second-factor/on/"' in dialog
        assert 'id="export-code"' not in dialog
        assert "Set up a second factor first" in answer.content.decode()
        assert exports(merchant) == []

    def test_needs_a_reason(self, owner, merchant, batch):
        secret = switch_on(owner)

        answer = ask(owner, batch, code_now(secret, 1), reason=" ")

        assert "Give a reason" in answer.content.decode()
        assert exports(merchant) == []

    def test_shows_what_is_wrong_with_a_passphrase_and_uses_up_no_code(
        self, owner, merchant, batch
    ):
        secret = switch_on(owner)
        page = one_export(owner, merchant, batch, code_now(secret, 1))
        code = code_now(secret, 2)

        weak = owner.client.post(page, {"passphrase": "short", "code": code})
        good = owner.client.post(page, {"passphrase": PASSPHRASE, "code": code})

        assert weak.status_code == 422
        assert "at least 14" in weak.content.decode()
        assert 'value="short"' not in weak.content.decode()
        assert good["Content-Type"] == "application/zip"


class TestOthers:
    @pytest.mark.parametrize("role", ["stock_keeper", "customer_service", "finance", "clerk"])
    def test_are_refused_and_it_is_written_down(self, hire, merchant, batch, log, role):
        worker = hire(role)

        answer = ask(worker, batch, "123456")

        assert answer.status_code == 403
        assert exports(merchant) == []
        (entry,) = log(action="cards.export_refused")
        assert entry.actor_label == worker.email

    def test_see_no_button(self, hire, batch):
        page = hire("stock_keeper").client.get(f"/console/stock/batches/{batch}/")
        assert "export-ask" not in page.content.decode()

    def test_of_the_same_shop_cannot_fetch_it(self, owner, hire, merchant, batch):
        page = one_export(owner, merchant, batch, code_now(switch_on(owner), 1))
        colleague = hire()
        secret = switch_on(colleague)

        assert colleague.client.get(page).status_code == 404
        answer = colleague.client.post(
            page, {"passphrase": PASSPHRASE, "code": code_now(secret, 1)}
        )
        assert answer.status_code == 404

    def test_of_another_shop_find_neither_batch_nor_file(
        self, owner, hire, merchant, other_merchant, batch
    ):
        page = one_export(owner, merchant, batch, code_now(switch_on(owner), 1))
        stranger = hire(of=other_merchant)
        secret = switch_on(stranger)

        assert ask(stranger, batch, code_now(secret, 1)).status_code == 404
        assert stranger.client.get(page).status_code == 404
        assert exports(other_merchant) == []

    def test_stock_keeper_gets_no_file_by_the_way_of_other_jobs(self, owner, hire, merchant, batch):
        one_export(owner, merchant, batch, code_now(switch_on(owner), 1))
        (item,) = exports(merchant)

        answer = hire("stock_keeper").client.get(f"/console/works/{item.uid}/file/")

        assert item.state is WorkState.DONE
        assert answer.status_code == 404


class TestLimits:
    def test_ten_tries_an_hour(self, owner, merchant, batch):
        for _ in range(10):
            ask(owner, batch, "1")

        answer = owner.client.post(NEW, {"batch": batch, "reason": "x", "code": "1"})

        assert answer.status_code == 429
        assert int(answer["Retry-After"]) > 3000

    def test_five_codes_in_five_minutes(self, owner, merchant, batch):
        secret = switch_on(owner)
        for _ in range(5):
            ask(owner, batch, "000000")

        answer = ask(owner, batch, code_now(secret, 1))

        assert "Too many attempts" in answer.content.decode()
        assert exports(merchant) == []
