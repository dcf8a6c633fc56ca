"""The operator's visits: asked for, allowed, told, logged; codes that open one thing once (I1, I3)."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from kacang.merchants import schema


def of(model: str, **more: object) -> models.ForeignKey:
    more.setdefault("on_delete", django.db.models.deletion.CASCADE)
    return models.ForeignKey(to=model, db_constraint=False, **more)


def person() -> models.ForeignKey:
    return models.ForeignKey(
        on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
    )


def key() -> tuple[str, models.BigAutoField]:
    return (
        "id",
        models.BigAutoField(
            auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
        ),
    )


def line(length: int) -> models.CharField:
    return models.CharField(blank=True, default="", max_length=length)


CUSTOM = """jsonb_build_object('uid', r.uid, 'name', r.name, 'permissions', r.permissions,
    'reach', r.reach, 'channels', r.channels, 'hidden', r.hidden,
    'needs_second_factor', r.needs_second_factor)"""
# Whether somebody is an operator now: by the flag, and never without a second factor.
MAY = schema.definer(
    "operator_may(who bigint)",
    "boolean",
    """select exists (select from person p where p.id = who and p.is_operator and p.is_active
           and exists (select from mfa_authenticator a
                       where a.user_id = p.id and a.type = 'totp'))""",
)
UNDER_WAY = """select v.merchant_id, v.uid, v.kind, s.user_id, v.preset,
       (select {custom} from custom_role r
        where r.merchant_id = v.merchant_id and r.id = v.custom_role_id),
       v.may_change, v.until
from visit v
left join membership s on s.merchant_id = v.merchant_id and s.id = v.member_id
where v.uid = wanted and v.user_id = person and v.ended_at is null
  and v.until > clock_timestamp(){more}"""
HEAD = """create or replace function visit_under_way(wanted text, person bigint)
returns table (merchant_id bigint, uid text, kind text, member_user bigint, preset text,
               custom jsonb, may_change boolean, until timestamptz)
language sql security definer set search_path = public, pg_temp as $body${body}$body$;"""
IF_OPERATOR = "\n  and (v.kind <> 'operator' or operator_may(person))"
# What an operator sees of merchants: never a row of what a merchant owns, and nothing unless
# they are one. The policies of the tables stay as they are.
SHOPS = schema.definer(
    "operator_shops(who bigint, wanted text, needle text, before bigint, most int)",
    "table (id bigint, uid text, slug text, name text, kind text, created_at timestamptz,"
    " staff bigint, visits text)",
    """select m.id, m.uid, m.slug, m.name, m.kind, m.created_at,
              (select count(*) from membership s
               where s.merchant_id = m.id and s.disabled_at is null),
              (select v.value #>> '{}' from setting v
               where v.merchant_id = m.id and v.name = 'operator_visits')
       from merchant m
       where (select operator_may(who)) and (before is null or m.id < before)
         and (wanted = '' or m.uid = wanted)
         and (needle = '' or position(needle in lower(m.name)) > 0
              or position(needle in m.slug) > 0 or lower(m.uid) = needle)
       order by m.id desc limit most""",
)
VISITS = schema.definer(
    "operator_visits_of(who bigint, wanted text, before bigint, most int)",
    "table (id bigint, merchant_id bigint, merchant_uid text, merchant_name text, uid text,"
    " reason text, may_change boolean, started_at timestamptz, until timestamptz,"
    " ended_at timestamptz, ended_by text, acts bigint)",
    """select v.id, m.id, m.uid, m.name, v.uid, v.reason, v.may_change, v.started_at, v.until,
              v.ended_at, v.ended_by,
              (select count(*) from (
                   select from audit_entry a
                   where a.merchant_id = v.merchant_id and a.visit = v.uid and a.visit <> ''
                     and a.object_kind <> 'visit' and a.at >= v.started_at limit 1000) n)
       from visit v join merchant m on m.id = v.merchant_id
       where (select operator_may(who)) and v.user_id = who and v.kind = 'operator'
         and (wanted = '' or v.uid = wanted) and (before is null or v.id < before)
       order by v.id desc limit most""",
)
REQUESTS = schema.definer(
    "operator_requests_of(who bigint, most int)",
    "table (merchant_uid text, merchant_name text, uid text, reason text, may_change boolean,"
    " minutes int, state text, asked_at timestamptz, until timestamptz, decided_by text,"
    " allowed_until timestamptz, used_at timestamptz)",
    """select m.uid, m.name, r.uid, r.reason, r.may_change, r.minutes, r.state, r.asked_at,
              r.until, r.decided_by, r.allowed_until, r.used_at
       from visit_request r join merchant m on m.id = r.merchant_id
       where (select operator_may(who)) and r.user_id = who
       order by r.id desc limit most""",
)


class Migration(migrations.Migration):
    dependencies = [
        ("merchants", "0007_roles"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]

    operations = [
        migrations.CreateModel(
            "VisitRequest",
            [
                key(),
                ("uid", models.CharField(max_length=32, unique=True)),
                ("reason", models.CharField(max_length=300)),
                ("may_change", models.BooleanField(default=False)),
                ("minutes", models.SmallIntegerField()),
                ("state", models.CharField(default="waiting", max_length=10)),
                ("asked_at", models.DateTimeField(auto_now_add=True)),
                ("until", models.DateTimeField()),
                ("decided_at", models.DateTimeField(null=True)),
                ("decided_by", line(120)),
                ("allowed_until", models.DateTimeField(null=True)),
                ("used_at", models.DateTimeField(null=True)),
                ("merchant", of("merchants.merchant")),
                ("user", person()),
            ],
            options={
                "db_table": "visit_request",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            state__in=("waiting", "allowed", "refused", "withdrawn")
                        ),
                        name="visit_request_state",
                    ),
                    models.CheckConstraint(
                        condition=~models.Q(state="allowed")
                        | models.Q(allowed_until__isnull=False),
                        name="visit_request_has_end",
                    ),
                ],
                "indexes": [
                    models.Index(fields=["merchant", "-id"], name="visit_request_recent"),
                    models.Index(fields=["user", "-id"], name="visit_request_by_operator"),
                ],
            },
        ),
        migrations.CreateModel(
            "OperatorEntry",
            [
                key(),
                ("at", models.DateTimeField(auto_now_add=True)),
                ("actor_label", models.CharField(max_length=120)),
                ("action", models.CharField(max_length=60)),
                ("person", line(254)),
                ("merchant_uid", line(32)),
                ("merchant_name", line(80)),
                ("object_uid", line(32)),
                ("reason", line(300)),
                ("address", line(50)),
            ],
            options={"db_table": "operator_entry"},
        ),
        migrations.CreateModel(
            "SecondFactorUse",
            [
                key(),
                ("code_print", models.CharField(max_length=64)),
                ("used_at", models.DateTimeField()),
                ("user", person()),
            ],
            options={
                "db_table": "second_factor_use",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "code_print"), name="second_factor_use_once"
                    ),
                ],
            },
        ),
        schema.tenant_table("visit_request"),
        schema.of_merchant("visit_request"),
        schema.tenant_key("visit_request"),
        migrations.AddField("visit", "ended_by", line(120)),
        migrations.AddField("visit", "once", line(40)),
        migrations.AddField("visit", "request", of("merchants.visitrequest", null=True)),
        schema.tenant_reference("visit", "request_id", "visit_request"),
        migrations.AddConstraint(
            "visit",
            models.UniqueConstraint(
                condition=~models.Q(once=""), fields=("user", "once"), name="visit_once"
            ),
        ),
        migrations.AddIndex(
            "visit",
            models.Index(
                condition=models.Q(kind="operator"),
                fields=["merchant", "-id"],
                name="visit_of_operator",
            ),
        ),
        migrations.AddIndex(
            "visit",
            models.Index(
                condition=models.Q(kind="operator"),
                fields=["user", "-id"],
                name="visit_by_operator",
            ),
        ),
        migrations.RunSQL(
            "grant select, insert on operator_entry to kacang_app;"
            " grant select, insert, update, delete on second_factor_use to kacang_app;"
            " grant select on operator_entry, second_factor_use to kacang_backup;",
            migrations.RunSQL.noop,
        ),
        migrations.RunSQL(
            "alter table audit_entry add column visit varchar(32) not null default '';"
            " create index audit_entry_visit on audit_entry (merchant_id, visit, id)"
            " where visit <> '';",
            "alter table audit_entry drop column visit;",
        ),
        MAY,
        migrations.RunSQL(
            HEAD.replace("{body}", UNDER_WAY.format(custom=CUSTOM, more=IF_OPERATOR)),
            HEAD.replace("{body}", UNDER_WAY.format(custom=CUSTOM, more="")),
        ),
        SHOPS,
        VISITS,
        REQUESTS,
    ]
