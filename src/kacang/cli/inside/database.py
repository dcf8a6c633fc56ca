"""Tables and static files."""

import hashlib
import json
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import ProgrammingError, connection
from django.db.migrations.executor import MigrationExecutor
from psycopg.conninfo import conninfo_to_dict

from kacang.cli.errors import CommandProblem
from kacang.cli.files import read_object, write_private
from kacang.cli.version import VERSION

# The digits that begin the name of a migration.
_NUMBER = 4
_BROKEN = """
select c.relname from pg_index i join pg_class c on c.oid = i.indexrelid
where not i.indisvalid and c.relnamespace = 'public'::regnamespace and c.relkind = 'i'
  and not exists (select 1 from pg_stat_progress_create_index p where p.index_relid = c.oid)
order by c.relname
"""


def migrate(*, verbosity: int) -> int:
    """Bring the tables to what this version needs and return how many steps that took.

    Raises:
        CommandProblem: A newer version has brought them further than this one knows.
    """
    if found := newer():
        raise CommandProblem(
            f"The tables are those of a newer Kacang ({found[0]}), this is {VERSION}: use that one."
        )
    steps = len(pending())
    if steps:
        drop_broken_indexes()
    call_command("migrate", interactive=False, verbosity=verbosity)
    return steps


def drop_broken_indexes() -> list[str]:
    """Drop what is left of indexes whose building beside sales was broken off; return their names.

    The step that built one was not recorded, and comes again. One that is being built now, by
    whomever, is left alone.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BROKEN)
        names = [name for (name,) in cursor.fetchall()]
        for name in names:
            cursor.execute(f"drop index concurrently if exists {connection.ops.quote_name(name)}")
    return names


def become(url: str) -> None:
    """Go on as the role of another address: after migrations, with the rights of the app."""
    connection.close()
    parts = conninfo_to_dict(url)
    names = {"NAME": "dbname", "USER": "user", "PASSWORD": "password", "HOST": "host"}
    found = {name: str(parts.get(part) or "") for name, part in names.items()}
    connection.settings_dict.update({**found, "PORT": str(parts.get("port") or "")})


def newer() -> list[str]:
    """Return the migrations of a later version than ours that the database has had."""
    try:
        loader = MigrationExecutor(connection).loader
    except ProgrammingError:
        return []
    # By their numbers: one that was merged into another is gone too, but not newer.
    last: dict[str, str] = {}
    for label, name in loader.disk_migrations:
        last[label] = max(name[:_NUMBER], last.get(label, ""))
    return sorted(
        f"{label} {name}"
        for label, name in loader.applied_migrations
        if label in last and name[:_NUMBER] > last[label]
    )


def pending() -> list[str]:
    """Return the migrations that the database lacks."""
    try:
        executor = MigrationExecutor(connection)
    except ProgrammingError:
        # Not even the table of migrations can be read yet: the first one grants that.
        return ["all"]
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return [f"{migration.app_label}.{migration.name}" for migration, _ in plan]


def collect_static() -> bool:
    """Put static files where the web server finds them; tell whether there was anything new."""
    root = Path(settings.STATIC_ROOT)
    stamp = root / "kacang-stamp.json"
    found = {"files": _fingerprint()}
    if read_object(stamp) == found:
        return False
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    write_private(stamp, json.dumps(found))
    return True


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            status = Path(storage.path(name)).stat()
            digest.update(f"{name} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
