"""Stores, who works in them, and roles that reach to their orders (I1, R1)."""

import django.db.models.deletion
from django.db import migrations, models

from kacang.merchants import schema

TENANTS = ("store", "store_clerk")
REACHES = [
    ("all", "All orders"),
    ("own", "Orders that are theirs"),
    ("stores", "Orders of their stores"),
    ("channels", "Orders of some channels"),
]


def of(model: str) -> models.ForeignKey:
    return models.ForeignKey(
        to=model, db_constraint=False, on_delete=django.db.models.deletion.CASCADE
    )


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


def memberships(column: str = "", value: str = "") -> migrations.RunSQL:
    return schema.definer(
        "memberships_of(person bigint)",
        "table (merchant_id bigint, uid text, name text, slug text, kind text, time_zone text,"
        " currency text, role text, member_id bigint, custom jsonb, grants jsonb,"
        f" second_factor_by timestamptz{column})",
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
               s.second_factor_by{value}
        from membership s join merchant m on m.id = s.merchant_id
        where s.user_id = person and s.disabled_at is null order by m.id""",
    )


BEFORE = memberships()
AFTER = memberships(
    ", stores bigint[]",
    """,
               array(select c.store_id from store_clerk c
                     where c.merchant_id = s.merchant_id and c.membership_id = s.id
                     order by c.store_id)""",
)


class Migration(migrations.Migration):
    dependencies = [("merchants", "0008_operator")]

    operations = [
        migrations.CreateModel(
            "Store",
            [
                key(),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("code", models.CharField(max_length=20)),
                ("name", models.CharField(max_length=60)),
                ("address", models.CharField(blank=True, max_length=200)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("closed_at", models.DateTimeField(null=True)),
                ("merchant", of("merchants.merchant")),
            ],
            options={
                "db_table": "store",
                "constraints": [
                    models.UniqueConstraint(fields=("merchant", "code"), name="store_code_once")
                ],
            },
        ),
        migrations.CreateModel(
            "StoreClerk",
            [
                key(),
                ("membership", of("merchants.membership")),
                ("merchant", of("merchants.merchant")),
                ("store", of("merchants.store")),
            ],
            options={
                "db_table": "store_clerk",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("merchant", "membership", "store"), name="store_clerk_once"
                    )
                ],
            },
        ),
        migrations.RemoveConstraint("customrole", "custom_role_reach"),
        migrations.AlterField(
            "customrole",
            "reach",
            models.CharField(choices=REACHES, default="all", max_length=10),
        ),
        migrations.AddConstraint(
            "customrole",
            models.CheckConstraint(
                condition=models.Q(reach__in=[word for word, _label in REACHES]),
                name="custom_role_reach",
            ),
        ),
        *(schema.tenant_table(table) for table in TENANTS),
        *(schema.of_merchant(table) for table in TENANTS),
        schema.tenant_key("store"),
        schema.tenant_reference("store_clerk", "store_id", "store"),
        schema.tenant_reference("store_clerk", "membership_id", "membership"),
        migrations.RunSQL(BEFORE.reverse_sql, BEFORE.sql),
        AFTER,
    ]
