"""Every component that a page may use. Built in, no `{% load %}`; usage: design/README.md."""

import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django import template
from django.forms import BoundField
from django.template import Context, RequestContext
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import translation
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from kacang.shared.money import SYMBOLS, Money, exponent
from kacang.shared.texts import pick
from kacang.vault.queries import CardFile
from kacang.web.design import companies, drawings, formats, themes
from kacang.web.design.fields import dressed
from kacang.web.design.parts import Chart, Chip, Event, Figure, JobCard, Pages, Tab, Todo
from kacang.web.design.states import TONES, look_of

register = template.Library()

BANNER_ICONS = {
    "info": "info-circle",
    "warn": "alert-triangle",
    "bad": "alert-circle",
    "ok": "circle-check",
}

# Plain texts.
register.filter("count", formats.count)
register.filter("count_short", formats.count_short)
register.filter("mask_phone", formats.mask_phone)
register.filter("mask_email", formats.mask_email)
register.filter("mask_contact", formats.mask_contact)
register.filter("mask_name", formats.mask_name)
register.filter("mask_code", formats.mask_code)
register.filter("mask_number", formats.mask_number)
register.filter("day", formats.day)
register.filter("duration", formats.duration)
register.filter("minutes_long", formats.minutes_long)
register.filter("seconds_long", formats.seconds_long)


register.filter("company", companies.company_name)
register.filter("company_line", companies.company_line)
register.filter("company_icon", companies.company_icon)
register.filter("company_badge", companies.company_badge)


@register.filter(name="money")
def money_text(amount: Money) -> str:
    """Return an amount as plain text."""
    return str(amount)


@register.filter(name="data_uri")
def data_uri(file: CardFile) -> str:
    """Return a card's file as an address of its own."""
    return formats.data_uri(file.content_type, file.content)


@register.filter(name="text")
def in_language(text: dict[str, str] | None) -> str:
    """Return a merchant's text in the reader's language, with fallback (rule 30)."""
    return pick(text, translation.get_language() or "zh-Hans")


@register.simple_tag(name="icon")
def icon(name: str, size: str = "") -> SafeString:
    """Draw an icon of the sprite. `size`: "", "sm" (15 px) or "lg" (24 px)."""
    return drawings.icon(name, size)


@register.simple_tag(name="thumb")
def thumb(kind: str = "", size: str = "", image: str = "") -> SafeString:
    """Draw a product's cover. `kind` names colours and icon; `image` is shown instead if given."""
    return drawings.thumb(kind, size=size, image=image)


@register.simple_tag(name="cover_class")
def cover_class(kind: str) -> str:
    """Return the class with the colours of a kind, for large covers: "k-video"."""
    return drawings.cover_class(kind)


@register.simple_tag(name="pill")
def pill(tone: str, word: str) -> SafeString:
    """Write a status: a dot and a word. `tone` is one of states.TONES."""
    if tone not in TONES:
        raise template.TemplateSyntaxError(f"no tone {tone!r}: use one of {', '.join(TONES)}")
    return format_html('<span class="st {}">{}</span>', tone, word)


@register.simple_tag(name="state")
def state(family: str, value: object) -> SafeString:
    """Write a status by its name: `{% state "order" order.state %}`."""
    look = look_of(family, value)
    return pill(look.tone, str(look.word))


@register.filter(name="state_word")
def state_word(value: object, family: str) -> str:
    """Return only the word of a state: `{{ order.state|state_word:"order" }}`."""
    return str(look_of(family, value).word)


@register.simple_tag(name="money")
def money(amount: Money | int, currency: str = "CNY") -> SafeString:
    """Write an amount for a table. Takes Money, or minor units and a currency."""
    parts = formats.price_parts(_money(amount, currency))
    return format_html(
        '<span class="money">{}<small>{}</small>{}{}</span>',
        parts.sign, parts.symbol, parts.whole, parts.cents,
    )  # fmt: skip


@register.simple_tag(name="price")
def price(amount: Money | int, currency: str = "CNY", size: str = "") -> SafeString:
    """Write a price of the shop. `size`: "", "l" or "xl"."""
    parts = formats.price_parts(_money(amount, currency))
    classes = f"price {size}".strip()
    return format_html(
        '<span class="{}">{}<small>{}</small>{}<small>{}</small></span>',
        classes, parts.sign, parts.symbol, parts.whole, parts.cents,
    )  # fmt: skip


@register.simple_tag(name="when")
def when(instant: datetime | None, *, full: bool = False) -> SafeString:
    """Write an instant in the merchant's time zone, in full on hover. None is a dash."""
    if instant is None:
        return mark_safe('<span class="text-3">—</span>')
    exact = formats.when_full(instant)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        instant.isoformat(timespec="seconds"), exact, exact if full else formats.when(instant),
    )  # fmt: skip


@register.simple_tag(name="form_token")
def form_token() -> SafeString:
    """Write what a form is known by, so that it starts one job however often it is sent."""
    return format_html('<input type="hidden" name="token" value="{}">', secrets.token_urlsafe(16))


@register.simple_tag(name="copy")
def copy(text: str, label: str = "", done: str = "", look: str = "cp") -> SafeString:
    """Offer to copy `text`. `look` is the button's class: "cp", "btn", "link"."""
    return drawings.copy_button(text, label=label, done=done, look=look)


@register.simple_tag(name="qr")
def qr(text: str, label: str = "", size: str = "") -> SafeString:
    """Draw `text` as a QR code, inline SVG. `size`: "" or "big"."""
    return drawings.qr_svg(text, label=label, size=size)


@register.simple_tag(name="qr_image")
def qr_image(text: str, label: str = "", size: str = "") -> SafeString:
    """Draw `text` as a QR picture, which phones can save and read by a long press."""
    return drawings.qr_image(text, label=label, size=size)


@register.simple_tag(name="qr_data")
def qr_data(text: str) -> str:
    """Return the QR picture as a `data:` address, for a download link."""
    return drawings.qr_data(text)


@register.simple_tag(name="progress")
def progress(done: int, total: int, label: str, tone: str = "") -> SafeString:
    """Draw a bar. `tone`: "", "ok", "mid" or "low". `label` is for those who cannot see it."""
    if total <= 0:
        return format_html('<progress class="bar {}" aria-label="{}"></progress>', tone, label)
    return format_html(
        '<progress class="bar {}" max="{}" value="{}" aria-label="{}"></progress>',
        tone, total, min(done, total), label,
    )  # fmt: skip


@register.simple_tag(name="spark")
def spark(values: Sequence[float]) -> SafeString:
    """Draw the course of a figure as a small line."""
    return drawings.spark(values)


@register.simple_tag(name="brand_css")
def brand_css(colour: str) -> SafeString:
    """Link the style sheet of a shop's colour; nothing for the colour that shop.css has."""
    address = themes.sheet_address(colour)
    if not address:
        return SafeString("")
    return format_html('<link rel="stylesheet" href="{}">', address)


@register.simple_tag(name="sprite")
def sprite() -> str:
    """Return the address of the icon sprite, for scripts."""
    return static(drawings.SPRITE)


@register.inclusion_tag("components/tabs.html", name="tabs")
def tabs(items: Sequence[Tab], label: str) -> dict[str, Any]:
    """Show the views of a list. `label` names them for screen readers."""
    return {"items": items, "label": label}


@register.inclusion_tag("components/chips.html", name="chips")
def chips(items: Sequence[Chip], clear_url: str = "") -> dict[str, Any]:
    """Show the filters that are set, each with its way out."""
    return {"items": items, "clear_url": clear_url}


@register.inclusion_tag("components/pager.html", name="pager")
def pager(pages: Pages) -> dict[str, Any]:
    """Show where a list goes on."""
    return {"pages": pages}


@register.inclusion_tag("components/timeline.html", name="timeline")
def timeline(events: Sequence[Event]) -> dict[str, Any]:
    """Show what happened, the newest first."""
    return {"events": events}


@register.inclusion_tag("components/stepper.html", name="stepper")
def stepper(steps: Sequence[str], current: int, label: str) -> dict[str, Any]:
    """Show the steps of a task; `current` counts from 1."""
    marked = [
        {"word": word, "number": index, "done": index < current, "now": index == current}
        for index, word in enumerate(steps, start=1)
    ]
    return {"steps": marked, "label": label}


@register.inclusion_tag("components/todo.html", name="todo")
def todo(items: Sequence[Todo], label: str) -> dict[str, Any]:
    """Show the counters of what waits for a person."""
    return {"items": items, "label": label}


@register.inclusion_tag("components/figures.html", name="figures")
def figures(items: Sequence[Figure], label: str) -> dict[str, Any]:
    """Show the key figures."""
    return {"items": items, "label": label}


@register.inclusion_tag("components/job.html", name="job_card")
def job_card(job: JobCard, *, floating: bool = False) -> dict[str, Any]:
    """Show long work; it looks again by itself until it has ended."""
    return {"job": job, "floating": floating}


@register.inclusion_tag("components/chart.html", name="chart")
def chart(drawing: Chart, size: str = "") -> dict[str, Any]:
    """Draw a chart, with its numbers as a table beneath. `size`: "" or "s"."""
    return {"chart": drawing, "size": size, "data": drawings.chart_data(drawing)}


@register.inclusion_tag("components/language.html", name="language_switch", takes_context=True)
def language_switch(context: Context) -> dict[str, Any]:
    """Offer the other language."""
    request = context.get("request")
    return {
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "current": translation.get_language() or "zh-hans",
        "here": request.get_full_path() if request else "/",
    }


@register.inclusion_tag("components/field.html", name="field")
def field(bound: BoundField, help: str = "", unit: str = "") -> dict[str, Any]:  # noqa: A002 - the word that templates say
    """Show a form field of the console: label, control, help, errors."""
    return {"field": bound, "control": dressed(bound, help), "help": help or bound.help_text,
            "unit": unit}  # fmt: skip


@register.inclusion_tag("components/shop_field.html", name="shop_field")
def shop_field(bound: BoundField, placeholder: str = "") -> dict[str, Any]:
    """Show a form field of the shop: one row, errors beneath."""
    return {"field": bound, "control": dressed(bound, "", placeholder), "help": bound.help_text}


@register.inclusion_tag("components/form_errors.html", name="form_errors")
def form_errors(form: Any) -> dict[str, Any]:
    """Show the errors that belong to no field."""
    return {"form": form}


@register.simple_block_tag(name="banner")
def banner(content: str, tone: str = "info") -> SafeString:
    """Say something that stays: `{% banner "warn" %}…{% endbanner %}`."""
    role = "alert" if tone == "bad" else "note"
    return format_html(
        '<div class="banner {}" role="{}">{}<div>{}</div></div>',
        tone, role, icon(BANNER_ICONS[tone]), mark_safe(content),  # noqa: S308 - rendered template
    )  # fmt: skip


@register.simple_block_tag(name="empty")
def empty(content: str, picture: str, title: str, line: str = "") -> SafeString:
    """Show that a list is empty; between the tags: what to do about it."""
    return format_html(
        '<div class="empty2"><span class="pic">{}</span><h2>{}</h2><p>{}</p>'
        '<div class="acts">{}</div></div>',
        icon(picture), title, line, mark_safe(content),  # noqa: S308 - rendered template
    )  # fmt: skip


@register.simple_block_tag(name="confirm", takes_context=True)
def confirm(
    context: Context, content: str, name: str, title: str, action: str = "", verb: str = ""
) -> SafeString:
    """Ask before something that cannot be undone; say count and amount between the tags.

    Opened by `<button type="button" data-open="NAME">`. The form posts to `action`.
    """
    values = {
        "name": name,
        "title": title,
        "action": action,
        "verb": verb,
        "content": mark_safe(content),  # noqa: S308 - rendered template
        "csrf_token": context.get("csrf_token"),
    }
    return render_to_string("components/confirm.html", values)


@register.simple_block_tag(name="bulk")
def bulk(
    content: str, form: str, total: int, currency: str = "CNY", *, is_more: bool = False
) -> SafeString:
    """Show the bar for a selection; between the tags: its buttons.

    Rows carry `<input type="checkbox" class="row-cb" name="pick" form="FORM">` with `data-minor`
    (amount) and `data-can` (words). A button `data-can="deliver"` is for the rows that say so;
    `<span data-able="({n})">` inside it is given their number. `is_more`: than `total`.
    """
    values = {
        "form": form,
        "total": total,
        "is_more": is_more,
        "symbol": SYMBOLS[currency],
        "digits": exponent(currency),
        "content": mark_safe(content),  # noqa: S308 - rendered template
    }
    return render_to_string("components/bulk.html", values)


@register.filter
def count_up_to(number: int, is_more: bool) -> str:  # noqa: FBT001 - a filter's argument
    """Write a count that may have ended before all were counted: "10,000+"."""
    return formats.count(number) + ("+" if is_more else "")


@register.filter(name="iso")
def iso(value: date | datetime) -> str:
    """Return a day or an instant as machines read it."""
    return value.isoformat()


@register.simple_tag(name="url_with", takes_context=True)
def url_with(context: RequestContext, **changes: object) -> str:
    """Return this page's address with some of its query changed; None takes a part away."""
    query = context["request"].GET.copy()
    query.pop("cursor", None)
    for key, value in changes.items():
        if value is None or value == "":
            query.pop(key, None)
        else:
            query[key] = str(value)
    return f"?{query.urlencode()}" if query else "?"


def _money(amount: Money | int, currency: str) -> Money:
    return amount if isinstance(amount, Money) else Money(amount, currency)
