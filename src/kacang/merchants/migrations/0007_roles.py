"""Roles that merchants make, powers for a while, visits, known devices (I1)."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kacang.merchants import schema

ROLES = [
    "owner", "stock_keeper", "order_operator", "sales", "customer_service", "warehouse", "finance",
    "clerk",
]  # fmt: skip
TENANTS = ("custom_role", "role_grant", "visit")


def of(model: str, **more: object) -> models.ForeignKey:
    more.setdefault("on_delete", django.db.models.deletion.CASCADE)
    return models.ForeignKey(to=model, db_constraint=False, **more)


def key() -> tuple[str, models.BigAutoField]:
    return (
        "id",
        models.BigAutoField(
            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
        ),
    )


CUSTOM = """jsonb_build_object('uid', r.uid, 'name', r.name, 'permissions', r.permissions,
    'reach', r.reach, 'channels', r.channels, 'hidden', r.hidden,
    'needs_second_factor', r.needs_second_factor)"""

MEMBERSHIPS = schema.definer(
    "memberships_of(person bigint)",
    "table (merchant_id bigint, uid text, name text, slug text, kind text, time_zone text,"
    " currency text, role text, member_id bigint, custom jsonb, grants jsonb,"
    " second_factor_by timestamptz)",
    f"""select m.id, s.uid, m.name, m.slug, m.kind, m.time_zone, m.currency, s.role, s.id,
               (select {CUSTOM} from custom_role r
                where r.merchant_id = s.merchant_id and r.id = s.custom_role_id),
               (select coalesce(jsonb_agg(jsonb_build_object('permission', g.permission,
                           'preset', g.preset, 'custom', c.custom)), '[]')
                from role_grant g
                left join lateral (select {CUSTOM} as custom from custom_role r
                                   where r.merchant_id = g.merchant_id and r.id = g.custom_role_id)
                    c on true
                where g.merchant_id = s.merchant_id and g.membership_id = s.id
                  and g.ended_at is null and g.until > clock_timestamp()),
               s.second_factor_by
        from membership s join merchant m on m.id = s.merchant_id
        where s.user_id = person and s.disabled_at is null order by m.id""",
)
MEMBERSHIPS_BEFORE = schema.definer(
    "memberships_of(person bigint)",
    "table (merchant_id bigint, uid text, name text, slug text, kind text, time_zone text,"
    " currency text, role text)",
    """select m.id, s.uid, m.name, m.slug, m.kind, m.time_zone, m.currency, s.role
       from membership s join merchant m on m.id = s.merchant_id
       where s.user_id = person and s.disabled_at is null order by m.id""",
)
VISIT = schema.definer(
    "visit_under_way(wanted text, person bigint)",
    "table (merchant_id bigint, uid text, kind text, member_user bigint, preset text, custom jsonb,"
    " may_change boolean, until timestamptz)",
    f"""select v.merchant_id, v.uid, v.kind, s.user_id, v.preset,
               (select {CUSTOM} from custom_role r
                where r.merchant_id = v.merchant_id and r.id = v.custom_role_id),
               v.may_change, v.until
        from visit v
        left join membership s on s.merchant_id = v.merchant_id and s.id = v.member_id
        where v.uid = wanted and v.user_id = person and v.ended_at is null
          and v.until > clock_timestamp()""",
)
# Months of a log that end before a day: only those whose every row is under a seal (rule 23).
DROP_MONTHS = schema.definer(
    "kacang_drop_months(parent text, logs text, before date)",
    "setof text",
    """
    declare name text; open boolean;
    begin
        if (parent, logs) not in (('audit_entry', 'audit'), ('timeline', 'timeline')) then
            raise exception 'no log: %', parent;
        end if;
        for name in select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = ('public.' || parent)::regclass and c.relname ~ '_[0-9]{6}$'
              and to_date(right(c.relname, 6), 'YYYYMM') + interval '1 month' <= before
            order by 1
        loop
            execute format('select exists (select from public.%I e left join lateral (
                select from_id, until_xid from log_seal s
                where s.merchant_id = e.merchant_id and s.log = %L order by number desc limit 1
            ) s on true where s.until_xid is null or (e.id > s.from_id and e.xid >= s.until_xid))',
                name, logs) into open;
            if not open then
                execute format('drop table public.%I', name);
                return next name;
            end if;
        end loop;
    end
    """,
    language="plpgsql",
)


class Migration(migrations.Migration):
    dependencies = [("merchants", "0006_months_dropped")]

    operations = [
        migrations.CreateModel(
            "CustomRole",
            [
                key(),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("name", models.CharField(max_length=40)),
                (
                    "permissions",
                    django.contrib.postgres.fields.ArrayField(models.CharField(max_length=40)),
                ),
                (
                    "reach",
                    models.CharField(
                        choices=[
                            ("all", "All orders"),
                            ("own", "Orders that are theirs"),
                            ("channels", "Orders of some channels"),
                        ],
                        default="all",
                        max_length=10,
                    ),
                ),
                (
                    "channels",
                    django.contrib.postgres.fields.ArrayField(
                        models.CharField(max_length=10), default=list
                    ),
                ),
                (
                    "hidden",
                    django.contrib.postgres.fields.ArrayField(
                        models.CharField(max_length=10), default=list
                    ),
                ),
                ("needs_second_factor", models.BooleanField(default=False)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("archived_at", models.DateTimeField(null=True)),
                ("merchant", of("merchants.merchant")),
            ],
            options={"db_table": "custom_role"},
        ),
        migrations.CreateModel(
            "RoleGrant",
            [
                key(),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("permission", models.CharField(blank=True, max_length=40)),
                ("preset", models.CharField(blank=True, max_length=20)),
                ("reason", models.CharField(max_length=300)),
                ("granted_by", models.CharField(max_length=120)),
                ("until", models.DateTimeField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "custom_role",
                    of(
                        "merchants.customrole",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                    ),
                ),
                ("membership", of("merchants.membership")),
                ("merchant", of("merchants.merchant")),
            ],
            options={"db_table": "role_grant"},
        ),
        migrations.CreateModel(
            "Visit",
            [
                key(),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("kind", models.CharField(max_length=10)),
                ("preset", models.CharField(blank=True, max_length=20)),
                ("may_change", models.BooleanField(default=False)),
                ("reason", models.CharField(max_length=300)),
                ("started_at", models.DateTimeField(auto_now_add=True)),
                ("until", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("custom_role", of("merchants.customrole", null=True)),
                ("member", of("merchants.membership", null=True)),
                ("merchant", of("merchants.merchant")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"db_table": "visit"},
        ),
        migrations.CreateModel(
            "SignInPlace",
            [
                key(),
                ("device", models.CharField(max_length=60)),
                ("network", models.CharField(max_length=50)),
                ("first_at", models.DateTimeField(auto_now_add=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={"db_table": "sign_in_place"},
        ),
        migrations.RemoveConstraint("membership", "membership_role_known"),
        migrations.AddField("membership", "second_factor_by", models.DateTimeField(null=True)),
        migrations.AddField("membership", "steps_hidden_at", models.DateTimeField(null=True)),
        migrations.AddField("user", "theme", models.CharField(default="system", max_length=6)),
        migrations.AlterField("membership", "role", models.CharField(max_length=20)),
        migrations.AddField(
            "membership",
            "custom_role",
            of("merchants.customrole", null=True, on_delete=django.db.models.deletion.PROTECT),
        ),
        migrations.AddConstraint(
            "membership",
            models.CheckConstraint(
                condition=models.Q(role__in=ROLES, custom_role=None)
                | models.Q(role="custom", custom_role__isnull=False),
                name="membership_role_known",
            ),
        ),
        migrations.AddConstraint(
            "customrole",
            models.UniqueConstraint(
                condition=models.Q(archived_at=None),
                fields=("merchant", "name"),
                name="custom_role_name_once",
            ),
        ),
        migrations.AddConstraint(
            "customrole",
            models.CheckConstraint(
                condition=models.Q(reach__in=["all", "own", "channels"]), name="custom_role_reach"
            ),
        ),
        migrations.AddIndex(
            "rolegrant",
            models.Index(fields=["merchant", "membership"], name="role_grant_of_member"),
        ),
        migrations.AddConstraint(
            "signinplace",
            models.UniqueConstraint(
                fields=("user", "device", "network"), name="sign_in_place_once"
            ),
        ),
        *(schema.tenant_table(table) for table in TENANTS),
        *(schema.of_merchant(table) for table in TENANTS),
        schema.tenant_key("membership"),
        schema.tenant_key("custom_role"),
        schema.tenant_reference("membership", "custom_role_id", "custom_role"),
        schema.tenant_reference("role_grant", "custom_role_id", "custom_role"),
        schema.tenant_reference("role_grant", "membership_id", "membership"),
        schema.tenant_reference("visit", "custom_role_id", "custom_role"),
        schema.tenant_reference("visit", "member_id", "membership"),
        migrations.RunSQL(
            "grant select, insert, update, delete on sign_in_place to kacang_app;"
            " grant select on sign_in_place to kacang_backup;",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "create index audit_entry_address on audit_entry (merchant_id, address, id)"
            " where address <> '';",
            "drop index audit_entry_address;",
        ),
        migrations.RunSQL(MEMBERSHIPS_BEFORE.reverse_sql, MEMBERSHIPS_BEFORE.sql),
        MEMBERSHIPS,
        VISIT,
        DROP_MONTHS,
    ]
