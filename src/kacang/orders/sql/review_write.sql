-- What rules of review came to for orders that are paid now: once for each order. The orders are
-- locked by an earlier statement.
with clock as materialized (
    select clock_timestamp() + make_interval(secs => %(shift)s::float8) as now
),
brought as materialized (
    select * from jsonb_to_recordset(%(decided)s::jsonb) as d(
        order_id bigint, verdict int, state int, priority int, assignee_id bigint, facts jsonb, told jsonb,
        people int, limit_at timestamptz, deed int)
    limit %(all)s::bigint
),
written as (
    insert into order_review (merchant_id, order_id, verdict, state, facts, decided_at, people, limit_at, limit_deed)
    select %(merchant)s::bigint, order_id, verdict, state, facts, (select now from clock), people, limit_at, deed
    from brought
    on conflict (merchant_id, order_id) do nothing
    returning order_id
),
ranked as (
    update sale_order o set priority = d.priority, assignee_id = coalesce(o.assignee_id, d.assignee_id)
    from brought d
    where o.merchant_id = %(merchant)s::bigint and o.id = d.order_id and (d.priority > 0 or d.assignee_id is not null)
      and d.order_id in (select order_id from written)
),
hits as (
    insert into review_hit (merchant_id, rule_id, order_id, version, is_deciding)
    select %(merchant)s::bigint, h.rule_id, h.order_id, h.version, h.is_deciding
    from jsonb_to_recordset(%(hits)s::jsonb) as h(rule_id bigint, order_id bigint, version int, is_deciding boolean)
    where h.order_id in (select order_id from written)
),
story as (
    insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, detail, at)
    select %(merchant)s::bigint, order_id, %(event)s::int, 'system', '', told, (select now from clock)
    from brought where order_id in (select order_id from written)
)
select order_id from written
