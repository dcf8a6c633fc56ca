-- The former holder's allocation must be closed before the new one is made: see "former" below.
former as (
    update allocation a set released_at = (select now from clock)
    from given g
    where g.from_state = 1 and a.merchant_id = %(merchant)s::bigint and a.card_id = g.card_id
      and a.exclusive and a.released_at is null
    returning a.card_id
),
