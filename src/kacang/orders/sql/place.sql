-- Place orders: claim a card for each unit, and write those orders that got all of theirs.
-- The part put in says which cards each order got: `place_quick.sql`, or `place_thorough.sql`.
-- One row for each order that was placed. The rest touched nothing: locks end with the transaction.
with clock as materialized (
    select clock_timestamp() + make_interval(secs => %(shift)s::float8) as now
),
want as materialized (
    select number, external_number, api_key_id, channel, currency, total_minor, email, phone,
           language, form, decode(form_sealed, 'hex') as form_sealed, decode(token_hash, 'hex') as token_hash,
           password_hash, address, device, decode(held, 'hex') as held_counters,
           decode(limits, 'hex') as limit_counters, pay_minutes, units, account_id, payment, pay_url, qr,
           provider_ref, coalesce(shown, '{}') as shown, store_id
    from jsonb_to_recordset(%(orders)s::jsonb) as o(
        number text, external_number text, api_key_id bigint, channel text, currency text,
        total_minor bigint, email text, phone text, language text, form jsonb, form_sealed text,
        token_hash text, password_hash text, address text, device text, held text, limits text,
        pay_minutes int, units int, account_id bigint, payment text, pay_url text, qr text,
        provider_ref text, shown jsonb, store_id bigint)
    limit %(all)s::bigint -- all of them; the planner then expects few, not a hundred
),
ask as materialized (
    select number, line_no, sku_id, quantity, unit_price_minor, stock_mode, strategy, is_chosen, nth
    from rows from (
        jsonb_to_recordset(%(lines)s::jsonb) as (
            number text, line_no int, sku_id bigint, quantity int, unit_price_minor bigint,
            stock_mode int, strategy int, is_chosen boolean)
    ) with ordinality as l(number, line_no, sku_id, quantity, unit_price_minor, stock_mode, strategy, is_chosen, nth)
    limit %(all)s::bigint
),
need as materialized (
    select a.sku_id, sum(a.quantity)::int as wanted,
           case a.strategy
               when 0 then floor(random() * 2147483647)::bigint
               when 2 then greatest(coalesce(m.pick_key, 0), (extract(epoch from (select now from clock)) * 1000000)::bigint)
               else coalesce(m.pick_key, 0)
           end as start
    from ask a
    left join pick_mark m on m.merchant_id = %(merchant)s::bigint and m.sku_id = a.sku_id and m.pool_id = 0
    where a.stock_mode = 0 and not a.is_chosen
    group by a.sku_id, a.strategy, m.pick_key
),
slot as materialized (
    select a.number, a.line_no, a.sku_id, g.unit_no,
           row_number() over (partition by a.sku_id order by a.nth, g.unit_no) as nth
    from ask a cross join lateral generate_series(1, a.quantity) as g(unit_no)
    where a.stock_mode = 0 and not a.is_chosen
),
{found}complete as materialized (
    select w.* from want w
    where w.units = (select count(*) from held h where h.number = w.number) {looped}
),
new_order as (
    insert into sale_order (
        merchant_id, number, external_number, api_key_id, channel, state, currency, total_minor,
        payable_minor, email, phone, phone_tail, language, form, form_sealed, token_hash,
        password_hash, address, device, held_counters, limit_counters, store_id, pay_by, created_at)
    select %(merchant)s::bigint, number, external_number, api_key_id, channel, 0, currency, total_minor,
           total_minor, email, phone, right(phone, 4), language, form, form_sealed, token_hash,
           password_hash, address, device, held_counters, limit_counters, store_id,
           (select now from clock) + make_interval(mins => pay_minutes), (select now from clock)
    from complete
    returning id, number, pay_by, created_at, payable_minor, currency, channel, address
),
new_line as (
    insert into order_line (
        merchant_id, order_id, line_no, sku_id, quantity, unit_price_minor, unit_cost_minor, title,
        sku_title, kind, cover, guide, form_version, stock_mode, is_chosen, claim)
    select %(merchant)s::bigint, o.id, a.line_no, a.sku_id, a.quantity, a.unit_price_minor, s.cost_minor,
           p.title, s.title, p.kind, p.cover, p.guide, p.form_version, a.stock_mode, a.is_chosen,
           case when s.gift_minor is not null then 1 when s.redeems_id is not null then 2 else 0 end
    from new_order o
    join ask a on a.number = o.number
    join sku s on s.merchant_id = %(merchant)s::bigint and s.id = a.sku_id
    join product p on p.merchant_id = %(merchant)s::bigint and p.id = s.product_id
    returning id, order_id, line_no, quantity
),
new_unit as (
    insert into order_unit (merchant_id, line_id, unit_no)
    select %(merchant)s::bigint, l.id, g.unit_no
    from new_line l cross join lateral generate_series(1, l.quantity) as g(unit_no)
),
given as materialized (
    select l.id as line_id, h.unit_no, h.card_id, h.batch_id, h.sku_id, h.from_state, o.pay_by
    from new_order o
    join new_line l on l.order_id = o.id
    join held h on h.number = o.number and h.line_no = l.line_no
),
{former}new_allocation as (
    insert into allocation (merchant_id, card_id, line_id, unit_no, exclusive, reserved_until)
    select %(merchant)s::bigint, card_id, line_id, unit_no, true, pay_by from given
    {after_former}
),
taken as (
    update card c set state = 1, line_id = g.line_id, reserved_until = g.pay_by
    from given g where c.merchant_id = %(merchant)s::bigint and c.id = g.card_id
),
moved as (
    insert into card_movement (merchant_id, sku_id, batch_id, from_state, to_state, cards, line_id, at)
    select %(merchant)s::bigint, sku_id, batch_id, 0, 1, count(*), line_id, (select now from clock)
    from given where from_state = 0 group by sku_id, batch_id, line_id
),
new_payment as (
    insert into payment (merchant_id, number, order_id, account_id, amount_minor, currency, pay_url, qr_content,
                         provider_ref, shown, created_at, ask_at)
    select %(merchant)s::bigint, w.payment, o.id, w.account_id, o.payable_minor, o.currency, w.pay_url, w.qr,
           w.provider_ref, w.shown, o.created_at, o.created_at + interval '15 seconds'
    from new_order o join want w on w.number = o.number
    where w.payment is not null and o.payable_minor > 0
),
story as (
    insert into timeline (merchant_id, order_id, event, actor_kind, actor_label, address, at)
    select %(merchant)s::bigint, id, 1, 'buyer', channel, address, created_at from new_order
)
select number, id, pay_by, payable_minor from new_order
