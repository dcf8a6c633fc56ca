"""What a product asks its buyer for: game account, server, e-mail (W3)."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from kacang.catalog import masks
from kacang.catalog.checks import read_text
from kacang.shared import contacts
from kacang.shared.errors import Invalid
from kacang.shared.texts import Text

KINDS = ("text", "email", "phone", "number", "select")
FIELDS_MAX = 20
OPTIONS_MAX = 100
ANSWER_MAX = 200
_NAME = re.compile(r"[a-z][a-z0-9_]{0,29}")
_NUMBER = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,6})?")


class BadField(Invalid):
    """A form field is defined wrongly. `field` and `problem` say where and what."""

    code = "catalog.bad_form_field"


class BadAnswer(Invalid):
    """A buyer's answer is missing or wrong. `field` says which, `problem` what."""

    code = "catalog.bad_answer"


@dataclass(frozen=True, slots=True)
class FormField:
    """One question. A `secret` answer (a game password) is sealed and shown by reveal only."""

    name: str
    label: Text
    kind: str = "text"
    required: bool = True
    secret: bool = False
    pattern: str = ""
    hint: Text = field(default_factory=dict)
    options: tuple[str, ...] = ()

    @property
    def html_pattern(self) -> str:
        """The mask as the `pattern` attribute wants it; empty when there is none."""
        return masks.html_pattern(self.pattern) if self.pattern else ""


@dataclass(frozen=True, slots=True)
class Answers:
    """What a buyer answered: `open` may be stored as it is, `secret` must be sealed."""

    open: dict[str, str]
    secret: dict[str, str]


def read_fields(raw: Iterable[Mapping[str, Any]]) -> tuple[FormField, ...]:
    """Check the definition of a form.

    Raises:
        BadField: A name is wrong or there twice, a kind unknown, a select without options …
        BadText: A label or hint is too long, or a label is missing.
        BadMask: A pattern cannot be read.
    """
    fields = tuple(_read_field(item) for item in raw)
    if len(fields) > FIELDS_MAX:
        raise BadField(problem="too_many", limit=FIELDS_MAX)
    names = [item.name for item in fields]
    if len(set(names)) < len(names):
        raise BadField(problem="twice")
    return fields


def _read_field(raw: Mapping[str, Any]) -> FormField:
    name = str(raw.get("name", ""))
    if not _NAME.fullmatch(name):
        raise BadField(field=name[:30], problem="name")
    if raw.get("kind", "text") not in KINDS:
        raise BadField(field=name, problem="kind")
    made = FormField(
        name=name,
        label=read_text(f"{name}.label", raw.get("label") or {}, limit=60, required=True),
        kind=str(raw.get("kind", "text")),
        required=bool(raw.get("required", True)),
        secret=bool(raw.get("secret", False)),
        pattern=str(raw.get("pattern") or ""),
        hint=read_text(f"{name}.hint", raw.get("hint") or {}, limit=200),
        options=_options(name, raw.get("options") or ()),
    )
    masks.read_mask(made.pattern)
    if (made.kind == "select") != bool(made.options):
        raise BadField(field=name, problem="options")
    return made


def _options(name: str, raw: Iterable[Any]) -> tuple[str, ...]:
    options = tuple(str(option).strip() for option in raw)
    if len(options) > OPTIONS_MAX or len(set(options)) < len(options):
        raise BadField(field=name, problem="options")
    if any(not option or len(option) > ANSWER_MAX for option in options):
        raise BadField(field=name, problem="options")
    return options


def stored_fields(fields: Iterable[FormField]) -> list[dict[str, Any]]:
    """Return the fields as the product's row keeps them."""
    return [{**asdict(item), "options": list(item.options)} for item in fields]


def check_answers(fields: Iterable[FormField], given: Mapping[str, str]) -> Answers:
    """Check what a buyer answered. Answers to questions that were not asked are dropped.

    Raises:
        BadAnswer: A required answer is missing, or one does not fit its field.
    """
    answers = Answers({}, {})
    for item in fields:
        answer = _check_answer(item, given.get(item.name, ""))
        if answer:
            (answers.secret if item.secret else answers.open)[item.name] = answer
    return answers


def _check_answer(item: FormField, given: str) -> str:
    # A password may begin with a space; whatever people type into other fields may not.
    answer = given if item.secret else given.strip()
    if not answer:
        if item.required:
            raise BadAnswer(field=item.name, problem="missing")
        return ""
    if len(answer) > ANSWER_MAX or any(ord(letter) < ord(" ") for letter in answer):
        raise BadAnswer(field=item.name, problem="wrong")
    answer = _of_kind(item, answer)
    if item.pattern and not masks.fits(item.pattern, answer):
        raise BadAnswer(field=item.name, problem="pattern")
    return answer


def _of_kind(item: FormField, answer: str) -> str:
    try:
        if item.kind == "email":
            return contacts.read_contact(email=answer, phone=None).email
        if item.kind == "phone":
            # Kept as typed where the field has a mask of its own, else brought to one form.
            found = contacts.read_contact(email=None, phone=answer).phone
            return answer if item.pattern else found
    except Invalid:
        raise BadAnswer(field=item.name, problem="wrong") from None
    if item.kind == "number" and not _NUMBER.fullmatch(answer):
        raise BadAnswer(field=item.name, problem="wrong")
    if item.kind == "select" and answer not in item.options:
        raise BadAnswer(field=item.name, problem="wrong")
    return answer
