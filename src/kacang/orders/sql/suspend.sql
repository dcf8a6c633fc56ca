-- Money that fits no payment: kept on the suspense account, for a person to see (rule 11).
with fits as materialized (
    select * from unnest(%(n_id)s::bigint[], %(n_outcome)s::int[], %(n_acted)s::boolean[], %(r_id)s::bigint[],
                         %(r_fit)s::int[], %(r_book)s::boolean[], %(o_id)s::bigint[])
        as f(notice, outcome, acted, receipt, fit, book, order_id)
),
told as (
    update notice n set outcome = f.outcome, tries = n.tries + 1,
           acted_at = case when f.acted then clock_timestamp() end
    from fits f where n.merchant_id = %(merchant)s::bigint and n.id = f.notice
),
marked as (
    update receipt r set fit = nullif(f.fit, -1) -- -1: still to be judged
    from fits f where r.merchant_id = %(merchant)s::bigint and r.id = f.receipt and f.fit is not null
),
booked as (
    insert into transfer (merchant_id, debit, credit, amount_minor, currency, kind, document_kind, document_id)
    select r.merchant_id, 1100, 2900, r.amount_minor, r.currency, 2, 2, r.id
    from fits f join receipt r on r.merchant_id = %(merchant)s::bigint and r.id = f.receipt
    where f.book
),
story as (
    insert into timeline (merchant_id, order_id, event, detail)
    select %(merchant)s::bigint, order_id, 10, jsonb_build_object('fit', fit)
    from fits where order_id is not null and book
),
news as (
    insert into outbox (merchant_id, kind, payload)
    select %(merchant)s::bigint, 'payments.suspense', jsonb_build_object('receipt_id', receipt)
    from fits where book
)
select count(*) from fits
