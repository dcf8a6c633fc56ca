"""What holds orders up, read from the tables in which it is so: nothing has to remember it (O6).

Every branch goes by an index of what is unfinished, which is little, whatever was sold.
"""

FACTS = """
with clock as materialized (
    select clock_timestamp() + make_interval(secs => %(shift)s::float8) as now
),
cut as materialized (
    select * from jsonb_to_recordset(%(cuts)s::jsonb) as c(
        kind text, since timestamptz, until timestamptz, late_until timestamptz)
),
fact as materialized (
    select o.id as order_id, 1 as kind, case
        when p.has_failed then 'failed' else 'unpaid' end as reason,
           '' as subject, o.created_at as since
    from sale_order o
    join order_line l on l.merchant_id = o.merchant_id and l.order_id = o.id and l.line_no = 1
    cross join lateral (
        select coalesce(bool_or(x.state = 3) and not bool_or(x.state = 0), false) as has_failed
        from payment x where x.merchant_id = o.merchant_id and x.order_id = o.id
    ) p
    where o.merchant_id = %(merchant)s::bigint and o.state = 0 and o.channel = 'shop'
      and o.pay_by > (select now from clock) {one_order}
      and (p.has_failed or exists (
          select from cut c
          where c.kind = l.kind and o.created_at >= c.since and o.created_at < c.until
            -- A reminder that comes when the time is over helps nobody: two thirds are enough.
            and (o.created_at <= c.late_until
                 or (select now from clock) >= o.pay_by - (o.pay_by - o.created_at) / 3)))
    union all
    select o.id, case o.hold_reason when 'risk_review' then 5
        when 'supplier_failed' then 4 else 2 end,
           o.hold_reason, '', coalesce(o.paid_at, o.created_at)
    from sale_order o
    where o.merchant_id = %(merchant)s::bigint and o.state = 9 {one_order}
      -- Rejected, and its money is about to go back: that refund is what waits (O9).
      and not (o.hold_reason = 'risk_review' and coalesce((
          select v.state = 3 and exists (
              select from refund r
              where r.merchant_id = v.merchant_id and r.order_id = v.order_id
                and r.state in (0, 1, 2, 4))
          from order_review v where v.merchant_id = o.merchant_id and v.order_id = o.id), false))
    union all
    select v.order_id, 5, 'look_afterwards', '', v.decided_at
    from order_review v join sale_order o on o.merchant_id = v.merchant_id and o.id = v.order_id
    where v.merchant_id = %(merchant)s::bigint and v.state = 1 and v.verdict = 3
      and o.state not in (7, 8) {one_order}
    union all
    select c.order_id, 3, 'asked', c.uid, c.asked_at
    from change_request c
    where c.merchant_id = %(merchant)s::bigint and c.state = 0 {one_change}
    union all
    select * from (
        select distinct on (r.order_id) r.order_id, 6,
               case r.state when 0 then 'requested' when 1 then 'to_pay'
                   when 4 then 'failed' else 'told' end,
               r.number, case when r.state in (1, 4) then coalesce(r.decided_at,
                   r.asked_at) else r.asked_at end
        from refund r
        where r.merchant_id = %(merchant)s::bigint and r.order_id is not null
          and (r.state in (0, 4, 7) or (r.state = 1 and r.way = 1)) {one_refund}
        order by r.order_id, r.id
    ) first
    union all
    select * from (
        select distinct on (o.id) o.id, 4, 'mail_failed', m.uid, m.created_at
        from message m
        join sale_order o on o.merchant_id = m.merchant_id and o.number = m.context ->> 'order'
        where m.merchant_id = %(merchant)s::bigint and m.state = 2 and m.event = 'order.delivered'
          and m.channel = 'email' and m.error not in ('not_configured', 'outdated')
          and m.created_at > (select now from clock) - interval '30 days' {one_order}
          -- On hold, it is told of as that.
          and o.state <> 9
          -- It was sent once more, to another address perhaps; or somebody has dealt with it.
          and not exists (
              select from timeline t where t.merchant_id = o.merchant_id and t.order_id = o.id
                and t.event = 12 and t.at > m.created_at)
          and not exists (
              select from order_exception x
              where x.merchant_id = o.merchant_id and x.order_id = o.id and x.subject = m.uid
                and x.closed_by <> '')
        order by o.id, m.id desc
    ) undelivered
),
known as materialized (
    select x.id, x.order_id, x.kind, x.reason, x.subject, x.since
    from order_exception x
    where x.merchant_id = %(merchant)s::bigint and x.closed_at is null {one_known}
)
select 'open', null::bigint, f.order_id, f.kind, f.reason, f.subject, f.since, l.kind, o.pay_by,
    o.state
from fact f
join sale_order o on o.merchant_id = %(merchant)s::bigint and o.id = f.order_id
join order_line l on l.merchant_id = o.merchant_id and l.order_id = o.id and l.line_no = 1
where not exists (select from known k where k.order_id = f.order_id and k.kind = f.kind)
union all
select 'change', k.id, f.order_id, f.kind, f.reason, f.subject, f.since, l.kind, o.pay_by, o.state
from fact f
join known k on k.order_id = f.order_id and k.kind = f.kind
    and (k.reason, k.subject) is distinct from (f.reason, f.subject)
join order_exception x on x.merchant_id = %(merchant)s::bigint and x.id = k.id and x.is_found
join sale_order o on o.merchant_id = %(merchant)s::bigint and o.id = f.order_id
join order_line l on l.merchant_id = o.merchant_id and l.order_id = o.id and l.line_no = 1
union all
select 'close', k.id, k.order_id, k.kind, k.reason, k.subject, k.since, '', o.pay_by, o.state
from known k
join order_exception x on x.merchant_id = %(merchant)s::bigint and x.id = k.id and x.is_found
join sale_order o on o.merchant_id = %(merchant)s::bigint and o.id = k.order_id
where not exists (select from fact f where f.order_id = k.order_id and f.kind = k.kind)
"""
OPEN = """
with new as (
    insert into order_exception (merchant_id, uid, order_id, kind, reason, subject, since,
        due_at, is_found)
    select %(merchant)s::bigint, f.uid, f.order_id, f.kind, f.reason, f.subject, f.since,
        f.due_at, f.is_found
    from jsonb_to_recordset(%(found)s::jsonb) as f(
        uid text, order_id bigint, kind int, reason text, subject text, since timestamptz,
            due_at timestamptz,
        is_found boolean)
    on conflict (merchant_id, order_id, kind) where closed_at is null do nothing
    returning uid, order_id, kind, reason
),
story as (
    insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, address, detail)
    select %(merchant)s::bigint, order_id, %(event)s::int, %(actor_kind)s::text, %(actor)s::text,
        %(address)s::text,
           jsonb_build_object('kind', kind, 'reason', reason)
    from new
)
select order_id, kind, uid from new
"""
CLOSE = """
with gone as (
    update order_exception x
    set closed_at = clock_timestamp() + make_interval(secs => %(shift)s::float8), ending = f.ending,
        closed_by = %(closed_by)s::text
    from jsonb_to_recordset(%(found)s::jsonb) as f(id bigint, ending text)
    where x.merchant_id = %(merchant)s::bigint and x.id = f.id and x.closed_at is null
    returning x.order_id, x.kind, x.ending
),
story as (
    insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, address, detail)
    select %(merchant)s::bigint, order_id, %(event)s::int, %(actor_kind)s::text, %(actor)s::text,
        %(address)s::text,
           jsonb_build_object('kind', kind, 'ending', ending, 'text', %(text)s::text)
    from gone
)
select order_id from gone
"""
CHANGE = """
update order_exception x set reason = f.reason, subject = f.subject, since = f.since,
    due_at = f.due_at, level = 0
from jsonb_to_recordset(%(found)s::jsonb) as f(
    id bigint, reason text, subject text, since timestamptz, due_at timestamptz)
where x.merchant_id = %(merchant)s::bigint and x.id = f.id and x.closed_at is null
"""
# What nobody works on any more goes back to everybody.
FREE = """
with gone as (
    update order_exception x set owner_id = null, owned_at = null
    from membership m
    where x.merchant_id = %(merchant)s::bigint and x.closed_at is null and x.owner_id is not null
      and m.merchant_id = x.merchant_id and m.user_id = x.owner_id and m.disabled_at is not null
    returning x.order_id, x.kind
)
insert into timeline (merchant_id, order_id, event, detail)
select %(merchant)s::bigint, order_id, %(event)s::int, jsonb_build_object('kind', kind, 'to',
    '') from gone
"""
