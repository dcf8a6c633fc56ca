"""Staff, keys, log and settings at the desk (I1, I3, J1)."""

import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone, translation
from PIL import Image

from kacang.jobs.merchants import run_audit_verification
from kacang.merchants import operations, queries
from kacang.merchants.audit import Actor
from kacang.merchants.models import User
from kacang.merchants.settings import SPECS, Type
from kacang.web.console.admin.audit_values import value_word
from tests.transactions import let_others_end


def staff_of(merchant):
    return {one.email: one for one in queries.staff(merchant_id=merchant)}


class TestStaff:
    def test_is_added_with_a_password_shown_once(self, owner, merchant):
        answer = owner.client.post(
            "/console/staff/new/", {"email": "Chen@Example.com", "name": "陈立", "role": "sales"}
        )

        password = answer.context["password"]
        assert f'id="once">{password}<' in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        added = staff_of(merchant)["chen@example.com"]
        assert User.objects.get(id=added.user_id).check_password(password)
        for page in ("/console/staff/", f"/console/staff/{added.uid}/", "/console/audit/"):
            assert password not in owner.client.get(page).content.decode()

    @pytest.mark.parametrize(
        "wrong", [{"email": "nobody"}, {"role": "king"}, {"name": ""}, {"email": ""}]
    )
    def test_refuses_what_it_cannot_read(self, owner, merchant, wrong):
        given = {"email": "x@example.com", "name": "x", "role": "sales", **wrong}
        answer = owner.client.post("/console/staff/new/", given)
        assert answer.status_code == 422
        assert len(staff_of(merchant)) == 1

    def test_who_works_here_already_is_said_so(self, owner, merchant):
        answer = owner.client.post(
            "/console/staff/new/", {"email": owner.email, "name": "x", "role": "sales"}
        )
        assert "This person already works here." in answer.content.decode()
        assert staff_of(merchant)[owner.email].role == "owner"

    def test_last_owner_stays(self, owner, merchant):
        answer = owner.client.post(
            f"/console/staff/{owner.uid}/role/", {"role": "clerk"}, follow=True
        )
        assert "At least one active owner must remain." in answer.content.decode()
        assert staff_of(merchant)[owner.email].role == "owner"

    def test_of_another_shop_are_not_found(self, owner, hire, other_merchant):
        theirs = hire("sales", of=other_merchant)
        for path in ("", "role/", "disable/", "enable/", "renew/"):
            address = f"/console/staff/{theirs.uid}/{path}"
            answer = (
                owner.client.post(address, {"role": "owner"}) if path else owner.client.get(address)
            )
            assert answer.status_code == 404, path
        assert staff_of(other_merchant)[theirs.email].role == "sales"

    def test_gets_a_new_password_when_the_old_one_is_lost(self, owner, hire):
        sales = hire("sales")
        answer = owner.client.post(f"/console/staff/{sales.uid}/renew/")
        assert sales.client.get("/console/account/").status_code == 302
        assert sales.sign_in(answer.context["password"]).status_code == 302

    def test_is_seen_but_not_changed_without_the_right(self, hire):
        # No preset role sees staff without changing it: the owner alone has both.
        assert hire("finance").client.get("/console/staff/").status_code == 403


class TestKeys:
    def given(self, **changes):
        return {"name": "ERP", "scopes": ["orders:read"], "days": "90", "addresses": "",
                "rate": "", **changes}  # fmt: skip

    def test_is_shown_once_and_works(self, owner, merchant):
        answer = owner.client.post(
            "/console/keys/new/", self.given(addresses="203.0.113.7\n 198.51.100.0/24 \n")
        )

        key = answer.context["made"].key
        assert f'id="once">{key}<' in answer.content.decode()
        assert "no-store" in answer["Cache-Control"]
        assert operations.authenticate(key=key, address="198.51.100.9").merchant_id == merchant
        assert key not in owner.client.get("/console/keys/").content.decode()
        (kept,) = queries.api_keys(merchant_id=merchant)
        assert (kept.addresses, kept.scopes) == (
            ("203.0.113.7/32", "198.51.100.0/24"),
            ("orders:read",),
        )
        assert kept.expires_at is not None

    @pytest.mark.parametrize(
        "wrong",
        [{"name": ""}, {"scopes": []}, {"scopes": ["all"]}, {"days": "9999"},
         {"addresses": "here"}, {"rate": "0"}, {"rate": "x"}],
    )  # fmt: skip
    def test_refuses_what_it_cannot_read(self, owner, merchant, wrong):
        assert owner.client.post("/console/keys/new/", self.given(**wrong)).status_code == 422
        assert queries.api_keys(merchant_id=merchant) == []

    def test_revoked_by_its_name_opens_nothing(self, owner, merchant):
        key = owner.client.post("/console/keys/new/", self.given()).context["made"]
        page = owner.client.get("/console/keys/").content.decode()
        assert "Revoke “ERP”?" in page
        owner.client.post(f"/console/keys/{key.uid}/revoke/")
        with pytest.raises(operations.KeyRefused):
            operations.authenticate(key=key.key, address="198.51.100.9")

    def test_of_another_shop_cannot_be_revoked(self, owner, hire, other_merchant):
        stranger = hire(of=other_merchant)
        made = stranger.client.post("/console/keys/new/", self.given()).context["made"]
        assert owner.client.post(f"/console/keys/{made.uid}/revoke/").status_code == 404
        assert operations.authenticate(key=made.key, address="::1").merchant_id == other_merchant


class TestAudit:
    def test_shows_before_and_after(self, owner, merchant):
        owner.client.post(f"/console/staff/{owner.uid}/role/", {"role": "owner"})
        operations.change_settings(
            merchant_id=merchant, values={"pay_minutes": 44}, actor=operations_actor(owner)
        )
        page = owner.client.get("/console/audit/").content.decode()
        assert "<del>15</del>" in page
        assert "<ins>44</ins>" in page

    def test_filters_live_in_the_address(self, owner, hire):
        hire("sales")
        answer = owner.client.get("/console/audit/", {"action": "staff.add", "actor": ""})
        assert {one.row.action for one in answer.context["entries"]} == {"staff.add"}
        (chip,) = answer.context["chips"]
        assert (str(chip.value), chip.clear_url) == ("Added staff", "?actor=")

    def test_pages_keep_the_filter(self, owner, hire, merchant):
        actor = operations_actor(owner)
        for number in range(60):
            operations.change_settings(
                merchant_id=merchant, values={"pay_minutes": 10 + number % 7}, actor=actor
            )
        first = owner.client.get("/console/audit/", {"action": "settings.change"})
        second = owner.client.get(f"/console/audit/{first.context['pages'].next_url}")
        assert len(first.context["entries"]) == 50
        assert len(second.context["entries"]) == 10
        assert {one.row.action for one in second.context["entries"]} == {"settings.change"}

    def test_says_what_a_verification_found(self, owner, merchant):
        let_others_end()
        operations.seal_logs(merchant_id=merchant)
        started = owner.client.post("/console/audit/verify/")
        assert b'class="job' in owner.client.get(started["Location"]).content
        uid = started["Location"].rstrip("/").rsplit("/", 1)[1]
        run_audit_verification(merchant_id=merchant, work_uid=uid)
        answer = owner.client.get(started["Location"])
        assert answer.context["is_sound"]
        assert [str(row["name"]) for row in answer.context["rows"]] == [
            "Audit log",
            "Timeline of orders",
        ]

    @pytest.mark.parametrize(
        "query",
        ["cursor=x", "cursor=" + "9" * 30, "since=yesterday", "until=2026-13-01"],
    )
    def test_survives_any_address(self, owner, query):
        assert owner.client.get(f"/console/audit/?{query}").status_code == 200

    def test_refuses_a_null_character(self, owner):
        assert owner.client.get("/console/audit/?actor=%00").status_code == 400


def operations_actor(worker):
    return Actor("user", worker.user_id, worker.email)


def form_of(client):
    """What the page would send if nobody touched it."""
    form = client.get("/console/settings/").context["form"]
    values = {}
    for name, field in form.fields.items():
        kind = SPECS[re.sub("__.*", "", name)].type
        if kind is Type.PICTURE or (kind is Type.SWITCH and not field.initial):
            continue
        values[name] = field.initial
    return values


def picture(size=(400, 300), kind="PNG"):
    body = io.BytesIO()
    Image.new("RGB", size, "#336699").save(body, kind)
    return SimpleUploadedFile("logo.png", body.getvalue(), content_type="image/png")


class TestSettings:
    def test_saving_an_untouched_page_changes_nothing(self, owner, merchant, log):
        before = dict(queries.settings_of(merchant_id=merchant))
        answer = owner.client.post("/console/settings/", form_of(owner.client), follow=True)
        assert "Nothing was changed." in answer.content.decode()
        assert dict(queries.settings_of(merchant_id=merchant)) == before
        assert log(action="settings.change") == []

    def test_every_setting_can_be_changed(self, owner, merchant):
        values = form_of(owner.client) | {
            "shop_name": "小鹿", "shop_colour": "#c02665", "pay_minutes": 44,
            "shop_announcement__zh": "国庆不打烊", "shop_announcement__en": "Open all week",
            "contact_required": "email", "mail_order_cancelled": "on", "shop_logo": picture(),
        }  # fmt: skip
        del values["mail_low_stock"]
        assert owner.client.post("/console/settings/", values).status_code == 302

        chosen = queries.settings_of(merchant_id=merchant)
        assert chosen["shop_name"] == "小鹿"
        assert chosen["shop_colour"] == "#c02665"
        assert chosen["pay_minutes"] == 44
        assert chosen["shop_announcement"] == {"zh-Hans": "国庆不打烊", "en": "Open all week"}
        assert chosen["contact_required"] == "email"
        assert (chosen["mail_order_cancelled"], chosen["mail_low_stock"]) == (True, False)
        assert str(chosen["shop_logo"]).startswith("data:image/webp;base64,")
        assert len(str(chosen["shop_logo"])) < 10_000

    def test_logo_can_be_taken_away(self, owner, merchant):
        owner.client.post("/console/settings/", form_of(owner.client) | {"shop_logo": picture()})
        values = form_of(owner.client) | {"shop_logo__remove": "on"}
        owner.client.post("/console/settings/", values)
        assert queries.settings_of(merchant_id=merchant)["shop_logo"] == ""

    @pytest.mark.parametrize(
        ("wrong", "field"),
        [
            ({"pay_minutes": "2"}, "pay_minutes"),
            ({"pay_minutes": "soon"}, "pay_minutes"),
            ({"shop_colour": "#ffee88"}, "shop_colour"),
            ({"shop_colour": "red;}"}, "shop_colour"),
            ({"contact_required": "telepathy"}, "contact_required"),
            ({"shop_name": "x" * 41}, "shop_name"),
            ({"support_contact__en": "x" * 201}, "support_contact__en"),
            ({"shop_logo": SimpleUploadedFile("a.png", b"<svg/>")}, "shop_logo"),
        ],
    )
    def test_says_which_field_is_wrong_and_changes_nothing(self, owner, merchant, wrong, field):
        values = form_of(owner.client) | {"unpaid_orders_max_shop": 9} | wrong
        answer = owner.client.post("/console/settings/", values)
        assert answer.status_code == 422
        assert list(answer.context["form"].errors) == [field]
        assert queries.settings_of(merchant_id=merchant)["unpaid_orders_max_shop"] == 5

    def test_offers_a_colour_that_can_be_read(self, owner):
        values = form_of(owner.client) | {"shop_colour": "#ffee88"}
        text = owner.client.post("/console/settings/", values).content.decode()
        assert re.search(r"Close to it, #[0-9a-f]{6} can\.", text)

    def test_host_names(self, owner, merchant):
        host = f"h{merchant}.example.com"
        owner.client.post("/console/settings/hosts/add/", {"host": host})
        assert queries.merchant_id_of_host(host) == merchant
        wrong = owner.client.post("/console/settings/hosts/add/", {"host": "a b"}, follow=True)
        assert "a b is not a host name." in wrong.content.decode()
        owner.client.post("/console/settings/hosts/remove/", {"host": host})
        assert queries.merchant_id_of_host(host) is None

    def test_belong_to_the_owner(self, hire):
        for role in ("finance", "stock_keeper", "customer_service"):
            client = hire(role).client
            assert client.get("/console/settings/").status_code == 403
            assert client.post("/console/settings/", {"pay_minutes": 3}).status_code == 403


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("title", {"zh-Hans": "月卡", "en": "1 month"}, "月卡"),
        ("price_minor", 1980, "¥19.80"),
        ("on_sale", True, "是"),
        ("position", 0, "0"),
        ("strategy", 1, "顺序（先进先出）"),
        ("state", "off_sale", "已下架"),
        ("form_fields", [{"key": "account", "label": {"en": "Account"}}], "account"),
        ("pictures", ["a.png", "b.png"], "a.png, b.png"),
        ("max_per_buyer", None, ""),
        ("until", "2026-11-29T14:52:41.100767+00:00", "2026-11-29 22:52:41"),
        ("name", "2026-11-29", "2026-11-29"),
    ],
)
def test_the_log_is_read_in_words_not_in_codes(name, value, shown):
    with translation.override("zh-hans"), timezone.override("Asia/Shanghai"):
        assert value_word(name, value, "CNY") == shown
