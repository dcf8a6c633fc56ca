"""Signing in, second factor, lock-out, sessions (I1)."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.usersessions.models import UserSession
from django.test import Client

from kacang.merchants import operations
from kacang.merchants.audit import SYSTEM
from kacang.merchants.models import User
from tests.web.console_admin.conftest import PASSWORD


def code_now(secret: str, steps: int = 0) -> str:
    return str(format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps)))


def switch_on(worker) -> str:
    """Set the second factor up as a person does; return its secret."""
    return set_up(worker)[0]


def set_up(worker) -> tuple[str, str]:
    """Set the second factor up; return its secret, and the code that was typed for it."""
    first = worker.client.get("/console/account/second-factor/on/")
    assert first["Location"].startswith("/console/again/")
    worker.client.post(first["Location"], {"password": PASSWORD})
    page = worker.client.get("/console/account/second-factor/on/")
    secret = str(page.context["form"].secret)
    code = code_now(secret)
    answer = worker.client.post("/console/account/second-factor/on/", {"code": code})
    assert answer.status_code == 302
    return secret, code


class TestSignIn:
    def test_leads_to_the_console_and_is_written_down(self, hire, log):
        worker = hire(signed_in=False)

        answer = worker.sign_in()

        assert (answer.status_code, answer["Location"]) == (302, "/console/")
        assert worker.client.cookies["kc_console"]["path"] == "/console"
        assert worker.client.cookies["kc_console"]["httponly"]
        (entry, *_) = log()
        assert (entry.action, entry.actor_label, entry.object_uid) == (
            "account.sign_in",
            worker.email,
            worker.uid,
        )
        assert entry.address == worker.client.defaults["REMOTE_ADDR"]

    @pytest.mark.parametrize("spelling", [str.upper, str.title, "  {}  ".format])
    def test_takes_the_address_in_any_spelling(self, hire, spelling):
        worker = hire(signed_in=False)
        worker.email = spelling(worker.email)
        assert worker.sign_in().status_code == 302

    def test_refuses_a_wrong_password_and_an_unknown_address_alike(self, hire):
        worker = hire(signed_in=False)
        wrong = worker.sign_in("wrong")
        worker.email = "nobody@example.com"
        unknown = worker.sign_in("wrong")

        for answer in (wrong, unknown):
            assert answer.status_code == 200
            assert "The e-mail address or the password is wrong." in answer.content.decode()
        assert worker.client.get("/console/account/").status_code == 302

    def test_never_leads_outside(self, hire):
        worker = hire(signed_in=False)
        for wanted in ("https://evil.example/", "//evil.example/console/", "/s/x/", "/language/"):
            answer = worker.client.post(
                "/console/login/", {"login": worker.email, "password": PASSWORD, "next": wanted}
            )
            assert answer["Location"] == "/console/"
            worker.client.post("/console/logout/")

    def test_leads_back_to_the_page_that_was_asked_for(self, hire):
        worker = hire(signed_in=False)
        asked = worker.client.get("/console/staff/")
        assert asked["Location"] == "/console/login/?next=/console/staff/"
        answer = worker.client.post(
            asked["Location"],
            {"login": worker.email, "password": PASSWORD, "next": "/console/staff/"},
        )
        assert answer["Location"] == "/console/staff/"

    def test_of_a_closed_account_says_so(self, hire):
        worker = hire(signed_in=False)
        User.objects.filter(id=worker.user_id).update(is_active=False)
        answer = worker.client.post(
            "/console/login/", {"login": worker.email, "password": PASSWORD}, follow=True
        )
        assert "This account is closed." in answer.content.decode()
        assert worker.client.get("/console/account/").status_code == 302

    def test_out_ends_the_session(self, owner, log):
        owner.client.post("/console/logout/")
        assert owner.client.get("/console/account/").status_code == 302
        assert log()[0].action == "account.sign_out"

    def test_nobody_signs_up_or_reaches_what_is_not_mounted(self, owner):
        for path in (
            "signup/",
            "email/",
            "password/reset/",
            "login/code/confirm/",
            "2fa/",
            "3rdparty/",
        ):
            assert owner.client.get(f"/console/{path}").status_code == 404


class TestLockOut:
    def test_closes_after_five_wrong_passwords_and_says_for_how_long(self, hire, log):
        worker = hire(signed_in=False)
        for _ in range(4):
            assert worker.sign_in("wrong").status_code == 200

        fifth = worker.sign_in("wrong")
        right = worker.sign_in()

        for answer in (fifth, right):
            assert answer.status_code == 429
            assert "Signing in is closed for 15 minutes" in answer.content.decode()
        assert [e.action for e in log()].count("account.locked_out") == 1

    def test_counts_an_account_whatever_the_address_of_the_guesser(self, hire):
        worker = hire(signed_in=False)
        for number in range(5):
            worker.sign_in("wrong", REMOTE_ADDR=f"198.51.100.{number}")
        assert worker.sign_in(REMOTE_ADDR="203.0.113.9").status_code == 429

    def test_leaves_other_accounts_alone(self, hire):
        guessed, other = hire(signed_in=False), hire("sales", signed_in=False)
        for _ in range(6):
            guessed.sign_in("wrong")
        assert other.sign_in().status_code == 302

    def test_tells_nobody_which_accounts_exist(self, hire):
        worker = hire(signed_in=False)
        real = worker.email
        worker.email = f"x{real}"
        answers = [worker.sign_in("wrong").status_code for _ in range(6)]
        worker.email = real
        assert answers == [worker.sign_in("wrong").status_code for _ in range(6)]


class TestSecondFactor:
    def test_is_asked_for_at_the_next_sign_in(self, hire, log):
        worker = hire()
        secret = switch_on(worker)
        worker.client.post("/console/logout/")

        answer = worker.sign_in()
        assert answer["Location"] == "/console/login/code/"
        assert worker.client.get("/console/account/").status_code == 302
        wrong = worker.client.post("/console/login/code/", {"code": "000000"})
        assert "The code is wrong." in wrong.content.decode()
        right = worker.client.post("/console/login/code/", {"code": code_now(secret, 1)})

        assert right["Location"] == "/console/"
        assert worker.client.get("/console/account/").status_code == 200
        assert [e.action for e in log()][:5] == [
            "account.sign_in",
            "account.second_factor_failed",
            "account.sign_out",
            "account.second_factor_on",
            "account.sign_in",
        ]

    def test_secret_is_sealed_at_rest(self, hire):
        worker = hire()
        secret = switch_on(worker)
        rows = Authenticator.objects.filter(user_id=worker.user_id)
        assert rows.count() == 2
        for row in rows:
            assert secret not in str(row.data)
            assert len(str(row.data)) > 60

    def test_recovery_code_works_once(self, hire):
        worker = hire()
        switch_on(worker)
        page = worker.client.get("/console/account/second-factor/codes/")
        code = page.context["unused_codes"][0]

        def sign_in_with(code):
            worker.client.post("/console/logout/")
            worker.sign_in()
            return worker.client.post("/console/login/code/", {"code": code})

        assert sign_in_with(code).status_code == 302
        assert "The code is wrong." in sign_in_with(code).content.decode()

    def test_guessing_ends(self, hire):
        worker = hire()
        switch_on(worker)
        worker.client.post("/console/logout/")
        worker.sign_in()
        answers = [
            worker.client.post("/console/login/code/", {"code": f"{n:06}"}).content.decode()
            for n in range(8)
        ]
        assert "Too many attempts. Please wait a few minutes." in answers[-1]

    def test_off_needs_a_fresh_password(self, hire):
        worker = hire()
        switch_on(worker)
        session = worker.client.session
        for method in session["account_authentication_methods"]:
            method["at"] -= 3600
        session["account_authentication_methods"] = session["account_authentication_methods"]
        session.save()

        answer = worker.client.get("/console/account/second-factor/off/")
        assert answer["Location"].startswith("/console/again/")
        assert worker.client.get(answer["Location"]).status_code == 200
        worker.client.post("/console/again/", {"password": PASSWORD})
        assert worker.client.post("/console/account/second-factor/off/").status_code == 302
        assert not Authenticator.objects.filter(user_id=worker.user_id).exists()


class TestPassword:
    def test_changes_and_ends_other_sessions(self, hire):
        worker = hire()
        elsewhere = Client(REMOTE_ADDR="192.0.2.9")
        elsewhere.post("/console/login/", {"login": worker.email, "password": PASSWORD})
        assert elsewhere.get("/console/account/").status_code == 200

        new = "quite-another-9K2D"
        answer = worker.client.post(
            "/console/account/password/",
            {"oldpassword": PASSWORD, "password1": new, "password2": new},
        )

        assert answer["Location"] == "/console/account/"
        assert worker.client.get("/console/account/").status_code == 200
        assert elsewhere.get("/console/account/").status_code == 302
        assert User.objects.get(id=worker.user_id).check_password(new)

    @pytest.mark.parametrize("new", ["short", "password1234", "1234567890"])
    def test_refuses_weak_ones(self, owner, new):
        answer = owner.client.post(
            "/console/account/password/",
            {"oldpassword": PASSWORD, "password1": new, "password2": new},
        )
        assert answer.status_code == 200
        assert answer.context["form"].errors
        assert User.objects.get(id=owner.user_id).check_password(PASSWORD)


class TestSessions:
    def test_can_be_ended_one_by_one(self, hire):
        worker = hire()
        elsewhere = Client(REMOTE_ADDR="192.0.2.9", HTTP_USER_AGENT="Mozilla (iPhone) Safari/1")
        elsewhere.post("/console/login/", {"login": worker.email, "password": PASSWORD})
        page = worker.client.get("/console/account/")
        here, there = page.context["sessions"]
        assert (here["is_here"], there["device"]) == (True, "Safari · iPhone")

        worker.client.post(f"/console/account/sessions/{there['id']}/")

        assert elsewhere.get("/console/account/").status_code == 302
        assert worker.client.get("/console/account/").status_code == 200

    def test_all_others_at_once(self, hire):
        worker = hire()
        elsewhere = Client(REMOTE_ADDR="192.0.2.9")
        elsewhere.post("/console/login/", {"login": worker.email, "password": PASSWORD})
        worker.client.post("/console/account/sessions/others/")
        assert elsewhere.get("/console/account/").status_code == 302
        assert UserSession.objects.filter(user_id=worker.user_id).count() == 1

    def test_of_somebody_else_are_not_found(self, hire):
        mine, theirs = hire(), hire("sales")
        session = UserSession.objects.get(user_id=theirs.user_id)
        assert mine.client.post(f"/console/account/sessions/{session.pk}/").status_code == 404
        assert theirs.client.get("/console/account/").status_code == 200


class TestChoiceOfShop:
    def test_is_asked_of_who_works_for_two(self, hire, other_merchant, merchant):
        worker = hire()
        operations.add_staff(
            merchant_id=other_merchant, email=worker.email, name="", role="sales",
            actor=SYSTEM,
        )  # fmt: skip

        assert worker.client.get("/console/account/")["Location"] == "/console/shops/"
        page = worker.client.get("/console/shops/")
        theirs = next(m for m in page.context["memberships"] if m.merchant_id == other_merchant)
        worker.client.post("/console/shops/", {"membership": theirs.uid})

        answer = worker.client.get("/console/account/")
        assert answer.wsgi_request.merchant == other_merchant
        assert worker.client.get("/console/staff/").status_code == 403

    def test_cannot_choose_where_one_does_not_work(self, owner, hire, other_merchant):
        stranger = hire(of=other_merchant)
        owner.client.post("/console/shops/", {"membership": stranger.uid})
        answer = owner.client.get("/console/account/")
        assert answer.wsgi_request.merchant != other_merchant


class TestRule20:
    def test_a_role_that_was_taken_away_ends_at_the_next_request(self, hire, merchant):
        owner, clerk = hire(), hire("order_operator")
        assert clerk.client.get("/console/account/").status_code == 200
        owner.client.post(f"/console/staff/{clerk.uid}/disable/")
        assert clerk.client.get("/console/account/").status_code == 403

    def test_a_new_role_counts_from_the_next_request(self, hire):
        owner, clerk = hire(), hire("clerk")
        assert clerk.client.get("/console/audit/").status_code == 403
        owner.client.post(f"/console/staff/{clerk.uid}/role/", {"role": "finance"})
        assert clerk.client.get("/console/audit/").status_code == 200


class TestLanguage:
    def test_chosen_once_comes_along_to_every_device(self, hire):
        worker = hire()
        worker.client.post("/console/account/", {"name": "Lu", "language": "en"})
        elsewhere = Client(REMOTE_ADDR="192.0.2.9", HTTP_ACCEPT_LANGUAGE="zh-CN")
        elsewhere.post("/console/login/", {"login": worker.email, "password": PASSWORD})
        assert "My account" in elsewhere.get("/console/account/").content.decode()

    @pytest.mark.parametrize("given", [{"name": ""}, {"language": "xx"}, {"name": "x" * 81}])
    def test_refuses_what_it_cannot_read(self, owner, given):
        answer = owner.client.post("/console/account/", {"name": "Lu", "language": "en", **given})
        assert answer.status_code == 422
        assert User.objects.get(id=owner.user_id).name == "陆晓雨"
