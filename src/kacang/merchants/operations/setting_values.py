"""Changing what a merchant chose."""

from collections.abc import Mapping

from django.db import transaction

from kacang.merchants import audit
from kacang.merchants.audit import Actor
from kacang.merchants.models import Merchant, Setting
from kacang.merchants.operations.deciding import OPERATOR_VISITS, check_decides
from kacang.merchants.queries.setting_values import forget_settings
from kacang.merchants.settings import Type, Value, spec_of
from kacang.merchants.tenancy import acting_as
from kacang.shared.clock import utc_now

# What is written to the log in place of a picture.
PICTURE_WORD = "[picture]"


def change_settings(*, merchant_id: int, values: Mapping[str, object], actor: Actor) -> list[str]:
    """Set several settings at once; return the names of those that changed.

    A value equal to the default is stored all the same: a later default does not change it.
    Other processes see the change within five seconds.

    Raises:
        UnknownSetting: A name that is not in the list. Nothing was changed.
        BadSetting: A value of a wrong type or out of bounds. Nothing was changed.
        NotTheirsToDecide: Whether the operator may come is decided by who works here and may.
    """
    wanted = {name: spec_of(name).checked(value) for name, value in values.items()}
    with acting_as(merchant_id):
        # One at a time, so that what the log calls "before" was so.
        Merchant.objects.select_for_update(no_key=True).get(id=merchant_id)
        known = dict(Setting.objects.filter(merchant_id=merchant_id).values_list("name", "value"))
        before = {name: known.get(name, spec_of(name).default) for name in wanted}
        changed = [name for name in wanted if wanted[name] != before[name]]
        for name in changed:
            Setting.objects.update_or_create(
                merchant_id=merchant_id,
                name=name,
                defaults={"value": wanted[name], "changed_at": utc_now()},
            )
        if OPERATOR_VISITS in changed:
            check_decides(merchant_id, actor)
        if changed:
            audit.record(
                merchant_id=merchant_id, actor=actor, action="settings.change",
                object_kind="settings", object_uid=changed[0] if len(changed) == 1 else "",
                before=_for_log({name: before[name] for name in changed}),
                after=_for_log({name: wanted[name] for name in changed}),
            )  # fmt: skip
        transaction.on_commit(lambda: forget_settings(merchant_id))
    return changed


def _for_log(values: dict[str, Value]) -> dict[str, Value]:
    return {
        name: PICTURE_WORD if value and spec_of(name).type is Type.PICTURE else value
        for name, value in values.items()
    }
