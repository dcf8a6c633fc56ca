from datetime import UTC, datetime

import pytest
from django.template import TemplateSyntaxError, engines
from django.utils import timezone, translation

from kacang.catalog.models import ProductState
from kacang.merchants.models import MerchantKind
from kacang.messages.models import MessageState
from kacang.orders.models import OrderState, UnitState
from kacang.outbox.models import WorkState
from kacang.payments.models import PaymentState
from kacang.shared.money import Money
from kacang.vault.models import BatchState, CardState
from kacang.web.design import drawings, themes
from kacang.web.design.parts import Chart, Chip, Event, JobCard, Pages, Series, Tab
from kacang.web.design.samples import Sample
from kacang.web.design.shell import NavGroup, NavItem, allowed
from kacang.web.design.states import STATES, TONES, look_of


@pytest.fixture(autouse=True)
def _in_shanghai():
    with timezone.override("Asia/Shanghai"), translation.override("zh-hans"):
        yield


def render(source: str, /, **values: object) -> str:
    return engines["django"].from_string(source).render(values)


class TestTexts:
    def test_money_for_a_table(self):
        assert render("{% money m %}", m=Money(-123450)) == (
            '<span class="money">−<small>¥</small>1,234.50</span>'
        )
        assert render('{% money 500 "JPY" %}') == (
            '<span class="money"><small>JP¥</small>500</span>'
        )
        assert render("{{ m|money }}", m=Money(123450)) == "¥1,234.50"

    def test_price_of_the_shop(self):
        assert render('{% price m size="xl" %}', m=Money(19800)) == (
            '<span class="price xl"><small>¥</small>198<small>.00</small></span>'
        )

    def test_when_is_full_on_hover(self):
        at = datetime(2025, 11, 23, 6, 32, 8, tzinfo=UTC)

        assert render("{% when at %}", at=at) == (
            '<time datetime="2025-11-23T06:32:08+00:00" title="2025-11-23 14:32:08">'
            "2025-11-23 14:32</time>"
        )
        assert render("{% when at %}", at=None) == '<span class="text-3">—</span>'

    def test_a_merchants_text_in_the_readers_language(self):
        title = {"zh-Hans": "年卡", "en": "Year"}

        assert render("{{ t|text }}", t=title) == "年卡"
        with translation.override("en"):
            assert render("{{ t|text }}", t=title) == "Year"

    def test_what_a_merchant_writes_is_escaped(self):
        assert render('{% pill "red" word %}', word="<b>") == (
            '<span class="st red">&lt;b&gt;</span>'
        )
        assert 'data-copy="&quot;&gt;&lt;b&gt;"' in render("{% copy text %}", text='"><b>')


class TestStates:
    def test_every_look_has_a_known_tone(self):
        tones = {look.tone for family in STATES.values() for look in family.values()}

        assert tones <= set(TONES)

    @pytest.mark.parametrize(
        ("family", "states"),
        [
            ("order", OrderState),
            ("unit", UnitState),
            ("card", CardState),
            ("batch", BatchState),
            ("payment", PaymentState),
            ("product", ProductState),
            ("work", WorkState),
            ("message", MessageState),
            ("merchant", MerchantKind),
        ],
    )
    def test_every_state_of_the_rooms_has_its_word(self, family, states):
        assert {state.name.lower() for state in states} <= set(STATES[family])

    def test_a_state_is_a_dot_and_a_word(self):
        assert render('{% state "order" "paid" %}') == '<span class="st orange">待发货</span>'
        assert render('{{ "PAID"|state_word:"order" }}') == "待发货"
        assert render('{% state "switch" on %}', on=True) == '<span class="st green">已开启</span>'

    def test_an_unknown_state_reads_as_its_name(self):
        assert look_of("order", "half_way").word == "half way"

    def test_a_tone_that_does_not_exist_is_refused(self):
        with pytest.raises(TemplateSyntaxError):
            render('{% pill "pink" "x" %}')


class TestDrawings:
    def test_icon(self):
        assert render('{% icon "key" "sm" %}').startswith(
            '<svg class="ic ic-sm" aria-hidden="true">'
        )
        assert '#i-key"/></svg>' in render('{% icon "key" %}')

    def test_an_icon_that_the_sprite_lacks_is_refused(self):
        with pytest.raises(drawings.UnknownIcon):
            render('{% icon "no-such-icon" %}')

    def test_cover_of_an_unknown_kind_is_a_card(self):
        assert 'class="thumb s k-card"' in render('{% thumb "nonsense" "s" %}')
        assert render('{% thumb "video" "" "/p.png" %}') == (
            '<img class="thumb" src="/p.png" alt="" loading="lazy" decoding="async">'
        )

    def test_qr_has_no_style_and_a_name(self):
        drawn = render('{% qr "https://shop.example/x" "付款码" %}')

        assert "style" not in drawn
        assert 'role="img" aria-label="付款码"' in drawn

    def test_qr_draws_every_dark_module_once(self):
        matrix = [[1, 1, 0, 1], [0, 0, 0, 0]]

        assert drawings._row_path(0, matrix[0]) == "M0 0h2v1h-2zM3 0h1v1h-1z"
        assert drawings._row_path(1, matrix[1]) == ""

    def test_progress_without_a_size_is_indeterminate(self):
        assert "value" not in render('{% progress 3 0 "x" %}')
        assert 'max="10" value="10"' in render('{% progress 12 10 "x" %}')

    def test_spark_needs_two_values(self):
        assert render("{% spark v %}", v=[1]) == ""
        assert 'points="1.0,31.0 83.0,3.0"' in render("{% spark v %}", v=[1, 2])


class TestComponents:
    def test_tabs_say_which_is_open(self):
        shown = render(
            '{% tabs items "视图" %}', items=[Tab("全部", "/a", 1482, on=True), Tab("空", "/b")]
        )

        assert '<a href="/a" class="on" aria-current="page">全部<i>1,482</i></a>' in shown
        assert '<a href="/b">空</a>' in shown

    def test_chips_have_a_way_out(self):
        shown = render('{% chips items "/all" %}', items=[Chip("时间", "近 7 天", "/x?a=1&b=2")])

        assert 'href="/x?a=1&amp;b=2"' in shown
        assert "时间：近 7 天" in shown
        assert 'href="/all">清空筛选' in shown

    def test_pager_counts_and_says_where_the_list_ends(self):
        first = render("{% pager p %}", p=Pages(next_url="?cursor=x", total=1))
        last = render("{% pager p %}", p=Pages(previous_url="?cursor=y"))

        assert "共 1 条" in first
        assert 'rel="next" href="?cursor=x"' in first
        assert "已到末尾" in last
        assert "共" not in last

    def test_timeline(self):
        event = Event("付款", datetime(2025, 1, 1, tzinfo=UTC), "系统", now=True, tone="ok")

        assert '<li class="now ok">付款' in render("{% timeline e %}", e=[event])

    def test_job_looks_again_only_while_it_moves(self):
        moving = render("{% job_card j %}", j=JobCard("导出", "running", 1, 2, "/jobs/x"))
        ended = render("{% job_card j %}", j=JobCard("导出", "done", 2, 2, "/jobs/x", "", "/f"))

        assert 'hx-get="/jobs/x"' in moving
        assert "hx-get" not in ended
        assert 'href="/f"' in ended

    def test_field_names_its_help_and_its_error(self):
        form = Sample({"name": "x", "price": "-1", "kind": "code"})

        shown = render("{% field form.price %}{% field form.name %}", form=form)

        assert 'aria-invalid="true"' in shown
        assert 'aria-describedby="id_price_error"' in shown
        assert '<div class="e" id="id_price_error">' in shown
        assert 'aria-describedby="id_name_help"' in shown
        assert '<label for="id_price">' in shown

    def test_confirm_posts_with_a_token(self):
        shown = render(
            '{% confirm "ask" "退款？" "/refund/" "退款" %}<b>1 件</b>{% endconfirm %}',
            csrf_token="secret-token",
        )

        assert '<dialog class="ask" id="ask" aria-labelledby="ask-title">' in shown
        assert 'value="secret-token"' in shown
        assert "<b>1 件</b>" in shown

    def test_navigation_shows_only_what_is_allowed(self):
        groups = [
            NavGroup(
                [NavItem("a", "A", "home", "/a"), NavItem("b", "B", "key", "/b", "vault.view")]
            ),
            NavGroup([NavItem("c", "C", "box", "/c", "owner")], "Only owners"),
        ]

        kept = allowed(groups, {"vault.view"})

        assert [[item.name for item in group.items] for group in kept] == [["a", "b"]]


class TestThemes:
    @pytest.mark.parametrize("name", themes.PALETTE)
    def test_every_colour_of_the_palette_is_readable_in_light_and_dark(self, name):
        colour = themes.read_colour(name)
        light, dark = themes.light(colour), themes.dark(colour)

        assert themes.contrast(light.main, "#ffffff") >= 4.5
        assert themes.contrast(light.main, light.tint) >= 4.5
        assert themes.contrast("#ffffff", light.fill) >= 4.5
        assert themes.contrast(dark.main, dark.tint) >= 4.5
        assert themes.contrast(dark.main, themes.SURFACE_DARK) >= 4.5
        assert themes.contrast("#ffffff", dark.fill) >= 4.5

    def test_contrast_is_that_of_wcag(self):
        assert themes.contrast("#000000", "#ffffff") == pytest.approx(21)
        assert themes.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)

    @pytest.mark.parametrize("text", ["#ffee00", "red;}", "#12345", "", "url(x)"])
    def test_a_colour_that_nobody_can_read_is_refused(self, text):
        with pytest.raises(themes.UnreadableColour):
            themes.read_colour(text)

    def test_offers_the_nearest_that_can_be_read(self):
        offered = themes.nearest_readable("#ffee00")

        assert themes.contrast(offered, "#ffffff") >= 4.5
        assert themes.read_colour(offered) == offered

    def test_the_default_needs_no_sheet_and_a_wrong_one_breaks_no_page(self):
        assert themes.sheet_address("blue") == ""
        assert themes.sheet_address("nonsense") == ""
        assert themes.sheet_address("rose") == "/theme/c02665.css"


def test_the_table_of_a_chart_writes_money_as_money_and_counts_as_counts():
    series = [
        Series("订单", [1_204.0, None, 3.0], "bar", second_axis=True),
        Series("今日", [1_234.5, -3.0]),
    ]
    drawn = Chart("trend", "按小时", ["00:00", "01:00", "02:00"], series, unit="CNY")

    assert drawn.rows == [
        ("00:00", ["1,204", "1,234.50"]),
        ("01:00", ["", "−3.00"]),
        ("02:00", ["3", ""]),
    ]
    text = render("{% chart drawn %}", drawn=drawn)
    assert "今日 <span" in text
    assert "(CNY)" in text
    assert text.count('<td class="r">—</td>') == 2


def test_the_table_of_a_chart_of_minutes_has_no_idle_digits():
    drawn = Chart("stage", "用时", ["11-26"], [Series("中位数", [12.5]), Series("95", [4.0])])

    assert drawn.rows == [("11-26", ["12.5", "4"])]
