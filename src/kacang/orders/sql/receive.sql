-- First statement of settling: store what came, then lock the orders it is about (rules 2, 11).
-- The order of the three is kept by the counts: whoever brings the same notice waits at the first.
with brought as materialized (
    select * from jsonb_to_recordset(%(notices)s::jsonb) as i(
        notice_id text, payment_number text, provider_number text, amount_minor bigint,
        currency text, is_final boolean, raw text)
    limit %(all)s::bigint -- all of them; the planner then expects few, not a hundred
),
came as materialized (
    select i.*, p.id as payment_id, p.order_id
    from brought i
    left join lateral (
        select id, order_id from payment
        where number = i.payment_number and merchant_id = %(merchant)s::bigint
          and account_id = %(account)s::bigint offset 0
    ) p on true
),
stored as (
    insert into notice (merchant_id, account_id, notice_id, payment_number, provider_number,
                        amount_minor, currency, is_final, raw, received_at, acted_at, outcome)
    select %(merchant)s::bigint, %(account)s::bigint, notice_id, payment_number, provider_number,
           amount_minor, currency, is_final, raw, clock_timestamp(), clock_timestamp(),
           case when is_final then 1 else 3 end
    from came order by notice_id
    on conflict (account_id, notice_id) do nothing
    returning notice_id
),
seen as (
    insert into receipt (merchant_id, account_id, payment_id, payment_number, provider_number,
                         amount_minor, currency, fit, seen_at)
    select distinct on (provider_number) %(merchant)s::bigint, %(account)s::bigint, payment_id,
           payment_number, provider_number, amount_minor, currency, 0, clock_timestamp()
    from came where is_final and (select count(*) from stored) >= 0
    order by provider_number
    on conflict (account_id, provider_number) do nothing
    returning provider_number
),
touched as materialized (
    select distinct order_id from came where order_id is not null order by order_id
),
locked as materialized ( -- one after another, in order of id, each by its id
    select o.id from touched t
    cross join lateral (
        select id from sale_order
        where merchant_id = %(merchant)s::bigint and id = t.order_id and (select count(*) from seen) >= 0
        for no key update
    ) o
)
select c.notice_id, s.notice_id is not null as is_new, r.provider_number is not null as is_new_money,
       (select count(*) from locked) as locked
from came c
left join stored s on s.notice_id = c.notice_id
left join seen r on r.provider_number = c.provider_number
