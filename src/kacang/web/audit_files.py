"""How the audit log is written into a file: the words of the console, in the reader's language."""

from django.utils.translation import gettext as _
from django.utils.translation import override

from kacang.merchants.queries import AuditRow
from kacang.outbox.auditing import Layout
from kacang.web.console.admin.audit_values import changes_of
from kacang.web.console.admin.audit_words import ACTORS, action_word


def heads(language: str) -> list[str]:
    """Return what stands over the columns."""
    with override(language):
        return [
            _("No."), _("When"), _("Who"), _("Kind"), _("What"), _("Action code"), _("Of what"),
            _("Reason"), _("Before"), _("After"), _("From where"),
        ]  # fmt: skip


def cells(row: AuditRow, language: str, currency: str, number: int) -> list[str]:
    """Return an entry's cells. Times are ISO 8601, in UTC."""
    with override(language):
        changes = changes_of(row, currency)
        before = "; ".join(f"{one.name}: {one.before}" for one in changes)
        after = "; ".join(f"{one.name}: {one.after}" for one in changes)
        return [
            str(number), row.at.isoformat(timespec="seconds"), row.actor_label,
            str(ACTORS.get(row.actor_kind, row.actor_kind)), action_word(row.action), row.action,
            row.object_uid, row.reason, before, after, row.address,
        ]  # fmt: skip


AUDIT_LAYOUT = Layout(heads, cells)
