"""What people read for each error code. `{name}` stands for a value of the error's detail."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from kacang.web.customer_error_texts import CUSTOMER_TEXTS
from kacang.web.money_error_texts import MONEY_TEXTS
from kacang.web.notice_error_texts import NOTICE_TEXTS
from kacang.web.staff_texts import STAFF_TEXTS

Words = str | Promise

TEXTS: dict[str, Words] = {
    **CUSTOMER_TEXTS,
    **MONEY_TEXTS,
    **NOTICE_TEXTS,
    "access.denied": _("Your role does not allow this. Ask the owner of the shop."),
    "access.no_merchant": _("Your account works for no shop at the moment."),
    "account.second_factor_missing": _("Set up a second factor first: this needs its code."),
    "account.second_factor_wrong": _("The code is wrong or was used already. Take the next one."),
    "account.unknown_session": _("There is no such session."),
    "aftersales.bad_cursor": _("This page of the list does not exist any more."),
    "aftersales.bad_file": _(
        "One of the files is no picture (JPEG, PNG, WebP or GIF of at most {picture_mb} MB) and no"
        " video (MP4, MOV or WebM of at most {video_mb} MB)."
    ),
    "aftersales.bad_reply": _(
        "A quick reply needs a title and a text; in braces stand only the names that are listed."
    ),
    "aftersales.bad_stars": _("Please give one to five stars."),
    "aftersales.bad_units": _("Please choose what it is about: one to {limit} pieces."),
    "aftersales.decided_already": _("This case is decided or closed by now. Nothing was changed."),
    "aftersales.decision_unfit": _("This decision does not fit what the case is about."),
    "aftersales.file_lies": _(
        "One of the files is something else than its name says. Please send it as it is."
    ),
    "aftersales.not_observed": _(
        "Cases can be opened for paid orders, up to {days} days after they were delivered."
    ),
    "aftersales.open_already": _("There is an open case about this already."),
    "aftersales.text_missing": _("Please write something, of at most {limit} characters."),
    "aftersales.too_many": _("There have been too many of these ({limit}). Please call the shop."),
    "aftersales.too_many_files": _(
        "At most {limit} files at a time, and {videos} video among them."
    ),
    "aftersales.unknown_case": _("There is no such case."),
    "aftersales.unknown_file": _("There is no such picture or video, or it is kept no longer."),
    "aftersales.unknown_reply": _("There is no such quick reply."),
    "api.not_found": _("There is nothing of this id."),
    "api.too_fast": _("Too many calls with this key. Please slow down."),
    "catalog.bad_answer": _("Please check what you filled in: {field}."),
    "catalog.bad_form_field": _("This form field is not defined rightly: {field} ({problem})."),
    "catalog.bad_gift": _(
        "Gift cards are cards that are sold once, redeem nothing else, and are worth something."
    ),
    "catalog.bad_mask": _("The pattern cannot be read. # is a digit, A a letter, X either."),
    "catalog.bad_picture": _("Use a JPEG, PNG, WebP or GIF of at most 8 MB and 40 million pixels."),
    "catalog.bad_redeem_target": _(
        "Redeem codes are cards that are sold once. What they are good for is another SKU, of"
        " cards, that has no redeem codes itself."
    ),
    "catalog.bad_text": _("A text is missing or too long: {field}."),
    "catalog.sheet_stale": _(
        "Somebody else changed one of these variants meanwhile. Nothing was saved: please look at"
        " the sheet again."
    ),
    "catalog.bad_value": _("A value is not possible: {field}."),
    "catalog.kind_and_stock": _(
        "Goods have pieces in a warehouse, other products have cards: the stock does not fit."
    ),
    "catalog.kind_fixed": _("A product with variants cannot turn from codes to goods, nor back."),
    "catalog.nothing_to_sell": _("A product needs at least one SKU on sale."),
    "catalog.stock_mode_fixed": _(
        "Whether a SKU sells each card once or one card to all cannot be changed any more."
    ),
    "catalog.too_many_pictures": _("A product has at most {limit} pictures."),
    "catalog.unknown_category": _("There is no such category."),
    "catalog.unknown_picture": _("There is no such picture."),
    "catalog.unknown_product": _("There is no such product."),
    "catalog.unknown_sku": _("There is no such SKU."),
    "contact.bad_email": _("This is not an e-mail address."),
    "contact.bad_phone": _("This is not a telephone number."),
    "design.unreadable_colour": _("This colour is hard to read on white: choose a darker one."),
    "files.too_large": _("The file is larger than {limit_mb} MB."),
    "files.unknown": _("There is no such file, or its time is over."),
    "idempotency.bad_key": _("An idempotency key has 1 to 255 visible ASCII characters."),
    "idempotency.mismatch": _("This idempotency key was used for another request."),
    "keys.bad_address": _("{value} is not an address or network."),
    "keys.bad_expiry": _("The expiry must lie in the future."),
    "keys.bad_name": _("Give the key a name of at most 80 characters."),
    "keys.bad_scope": _("The scope {scope} does not exist."),
    "keys.refused": _("The API key is missing, unknown or not valid here."),
    "keys.scope": _("This API key may not do that: it lacks the scope {scope}."),
    "keys.unknown": _("There is no such API key."),
    "ledger.reversed_already": _("This entry was reversed already."),
    "ledger.unknown_transfer": _("There is no such entry in the ledger."),
    "merchants.bad_host": _("{host} is not a host name."),
    "merchants.currency_fixed": _("The currency is fixed by the first order."),
    "merchants.host_taken": _("The host name {host} is already in use."),
    "merchants.not_a_trial": _("Only trial shops can be wiped."),
    "merchants.bad_name": _("A shop has a name, of up to 80 characters."),
    "merchants.bad_slug": _("A shop's address has up to 40 letters a to z, digits and hyphens."),
    "merchants.slug_taken": _("This address is already in use."),
    "merchants.unknown": _("There is no such shop."),
    "merchants.unknown_host": _("There is no such host name."),
    "money.bad_amount": _("{text} is not an amount of money."),
    "money.unknown_currency": _("The currency {currency} is not known."),
    "orders.bad_deposit": _("A deposit is {least} at least, {most} at most."),
    "orders.no_deposits": _("This shop takes no deposits."),
    "orders.access_refused": _("The codes of this order are not shown here."),
    "logistics.bad_recipient": _("A part of the address is missing or too long."),
    "logistics.bad_tracking_number": _("This courier's numbers look different. Please check it."),
    "logistics.reason_missing": _("Please say why."),
    "logistics.recipient_not_needed": _(
        "Nothing of this order is sent by courier: no address is needed, and none is kept."
    ),
    "logistics.recipient_missing": _("Please say whom it goes to: name, phone and address."),
    "logistics.shipment_ended": _("The parcel has arrived or was called back already."),
    "logistics.unit_in_parcel": _("One of the pieces lies in another parcel."),
    "logistics.unknown_courier": _("There is no courier of this name."),
    "logistics.unknown_shipment": _("There is no such parcel."),
    "orders.already_shipped": _("All of it was sent or handed over before."),
    "orders.bad_choice": _("The cards chosen do not go with this product or quantity."),
    "orders.bad_redeem_code": _(
        "This code cannot be redeemed. Please check it, or ask where you got it."
    ),
    "orders.redeem_sold_out": _(
        "What this code is good for is out of stock right now. Your code stays good: please try"
        " again later."
    ),
    "orders.bad_parcel": _("More is named than is still in the house."),
    "orders.bad_columns": _("Choose at least one column."),
    "orders.unknown_slips": _("There are no such packing slips, or their time is over."),
    "orders.bad_line": _("A line of the list cannot be taken."),
    "orders.batch_too_large": _("One job takes on at most {most}. Please narrow the list."),
    "orders.lines_refused": _("Not every line is good, so nothing was sent."),
    "orders.nothing_for_batch": _("It can be done with none of these orders."),
    "orders.still_short": _("There is still no stock for all of it."),
    "orders.text_missing": _("Please type the text."),
    "orders.too_late_to_undo": _("It is too late to take these parcels back all at once."),
    "orders.bad_password": _("An order's password has 6 to 64 characters."),
    "orders.price_limit": _("Your role may not lower the price so far: at least {least}."),
    "orders.unknown_tag": _("There is no such tag."),
    "orders.bad_tag": _("A tag needs a name of at most 20 characters and one of the colours."),
    "orders.tag_taken": _("There is a tag of this name."),
    "orders.too_many_tags": _("There are as many tags as there can be."),
    "orders.tag_as_before": _("It was so before."),
    "orders.nothing_picked": _("No orders are selected."),
    "orders.too_many_picked": _(
        "At most {most} orders are selected one by one. Filter the list and select all that match."
    ),
    "orders.unknown_view": _("There is no such view, or it is not yours to change."),
    "orders.bad_view": _("A view needs a name of its own, of at most 40 characters."),
    "orders.too_many_views": _("You have as many views as you can have."),
    "orders.bad_price": _("The price must lie between nothing and what the order costs."),
    "orders.bad_quantity": _("This quantity is not possible."),
    "orders.buyer_limit": _("You have reached the limit per buyer for this product."),
    "orders.contact_needed": _(
        "Please say how the shop can reach you, or set a password for the order."
    ),
    "orders.external_number_taken": _("An order with this external number exists."),
    "orders.key_taken": _("Another request with this idempotency key is being answered."),
    "orders.no_provider": _("The shop offers no such way to pay."),
    "orders.not_payable": _("The order is paid or closed already."),
    "orders.too_many_unpaid": _("You have unpaid orders. Please pay or cancel them first."),
    "orders.card_in_use": _("The buyer has activated or redeemed this card: it stays as it is."),
    "vault.bad_code": _("This cannot be a code: it is empty, too long, or has odd characters."),
    "vault.code_known": _(
        "This code is in the stock already, sold or not. Nothing was changed: look it up first."
    ),
    "vault.cannot_correct": _(
        "A file, a shared card or a code that this shop itself redeems is not corrected by typing."
        " Give another card instead."
    ),
    "orders.no_goods_left": _("There are not as many pieces in stock. Nothing was changed."),
    "orders.no_replacement": _(
        "No other card is in stock. Nothing was changed: import some, then replace it."
    ),
    "orders.nothing_to_replace": _(
        "No buyer has this card alone: it was not sold, or it was replaced already."
    ),
    "orders.bad_refund": _("More than nothing goes back, in the currency that came in."),
    "orders.bad_refund_units": _("These units are not the order's, or were given back before."),
    "orders.own_refund": _("Somebody else than who asked for so much has to approve it."),
    "orders.refund_reason_missing": _("Please say why, in at most 300 characters."),
    "orders.refund_way_not_offered": _(
        "The payment company gives nothing back by itself: pay it by hand."
    ),
    "deadlines.bad_hours": _(
        "Give hours like 09:00-12:00, 13:00-18:00, in order; one day of the week has some."
    ),
    "deadlines.bad_rule": _("Give a time of up to 90 days, and a reminder within it."),
    "deadlines.rule_taken": _("Another rule of this stage begins at that moment."),
    "deadlines.too_many_days": _("So many special days are not kept: take old ones away."),
    "orders.under_review": _("A rule holds the order: somebody has to approve or reject it."),
    "orders.not_under_review": _("The order waits for nobody's look."),
    "orders.second_person": _("You have approved it already: somebody else has to, too."),
    "orders.review_decided": _("Decided already, by {by}."),
    "rules.bad": _("Something in the rule cannot be. Please look at it again."),
    "rules.changed": _("Somebody else has changed the rule meanwhile. Load it again."),
    "rules.too_many": _("There are {most} rules already. Delete one that is not used."),
    "rules.unknown": _("There is no such rule."),
    "exceptions.bad_escalation": _(
        "Each level is later than the one before, and goes to a role or to somebody who works here."
    ),
    "exceptions.closed": _("It is closed already."),
    "exceptions.ends_by_itself": _("It ends by itself, once the order goes on."),
    "exceptions.not_yours": _("Somebody else looks after it."),
    "exceptions.open": _("The order has an open exception of this kind."),
    "exceptions.unknown": _("There is no such exception."),
    "exceptions.words_missing": _("Please say in a few words what happened."),
    "changes.cancel_beyond": _(
        "More money goes back than your role may give back alone. Somebody whose role allows it"
        " has to approve, or refuse it and ask for a refund."
    ),
    "changes.decided": _("It is decided already."),
    "changes.goods_left": _(
        "Goods of this order have left already: this cannot be changed any more. When they are"
        " there, or if something is wrong, after-sales helps."
    ),
    "changes.nothing": _("This would leave everything as it is."),
    "changes.own": _("Somebody else than who asked for the change has to approve it."),
    "changes.reason_needed": _("Please say why."),
    "changes.too_many": _("Changes of this order were asked for too often."),
    "changes.unknown": _("There is no such request."),
    "changes.waits": _("Another change of this order waits to be decided."),
    "orders.unknown": _("There is no such order."),
    "orders.unknown_sku": _("This product is not on sale."),
    "orders.wrong_state": _("The order is no longer in a state that allows this."),
    "outbound.address_refused": _("This address may not be called."),
    "moving.bad_file": _(
        "The file could not be read: it is no dump or workbook of that system, or it is cut off."
    ),
    "moving.unknown_system": _("From this system nothing can be moved."),
    "outbound.answer_too_large": _("The other side sent too much."),
    "outbound.not_reached": _("The other side did not answer in time."),
    "payouts.agreed_already": _("There is an agreement with this party. End it first."),
    "payouts.bad_terms": _("A value of the agreement is not possible: {field}."),
    "payouts.recorded_already": _("Money with this number was recorded for the statement."),
    "payouts.reference_missing": _("Give the bank's number of the money."),
    "payouts.too_much": _("That is more than what is left to pay of this statement."),
    "payouts.unknown_agreement": _("There is no such agreement, or it has ended."),
    "payouts.unknown_statement": _("There is no such statement."),
    "payments.account_refused": _("The payment company does not accept this account."),
    "payments.bad_limits": _("A value is not possible: {field}."),
    "payments.amount_differs": _(
        "{asked} was asked for, {came} has come. It is booked, and delivers only what it pays for."
    ),
    "payments.bad_bank_number": _("The bank's number has up to 64 letters, digits and signs."),
    "payments.bad_notice": _("The message cannot be understood: {field}."),
    "payments.bad_page": _(
        "This payment link is not valid. Go back to the shop and open it again."
    ),
    "payments.bad_proof": _("Use a picture or a plain PDF of at most {limit_mb} MB."),
    "payments.bad_secrets": _(
        "The account has no secret of the right form, so it cannot be enabled."
    ),
    "payments.bad_signature": _("The message is not signed as it must be."),
    "payments.currency_not_taken": _("This payment company takes no money in {currency}."),
    "payments.field_missing": _("The payment company needs this too: {field}."),
    "payments.no_balance_payment": _("The price has changed. Please choose how to pay once more."),
    "payments.no_bill": _("The payment company has no bill of that day."),
    "payments.decided_already": _("Somebody else has decided about this proof meanwhile."),
    "payments.nothing_left_to_refund": _(
        "So much is not left: it went back already, or was asked to."
    ),
    "payments.sandbox_answer_lost": _("The answer was lost on the way."),
    "payments.unknown_refund": _("There is no such refund."),
    "payments.not_offered": _("This way to pay is not offered at the moment."),
    "payments.note_needed": _("Please say why."),
    "payments.notice_not_taken": _("The shop did not take the message; it is sent again."),
    "payments.paid_already": _(
        "This payment is paid. If a second transfer came, it is booked as money to decide on."
    ),
    "payments.provider_silent": _(
        "The payment company does not answer. Please try again in a moment."
    ),
    "payments.refund_refused": _("The payment company does not give this money back."),
    "payments.sandbox_in_earnest": _("The sandbox moves no money: only trial shops can use it."),
    "payments.stranger": _("Messages about this account do not come from this address."),
    "payments.too_many_proofs": _("Enough proofs were handed in; the shop looks at them."),
    "payments.unknown_account": _("There is no such payment account."),
    "payments.unknown_payment": _("There is no such payment."),
    "payments.unknown_provider": _("There is no payment company {provider}."),
    "payments.unknown_receipt": _("No such money waits for a decision."),
    "payments.unknown_transfer": _("There is no such bank transfer."),
    "reconciliation.day_closed": _("The day {day} is closed: nothing about it changes any more."),
    "reconciliation.day_not_over": _("The day {day} is not over yet at the company."),
    "reconciliation.no_bills": _("This company gives no bills that can be read."),
    "reconciliation.not_proven": _(
        "A person sent this bill: only what the company gave by itself is taken in as money. Have"
        " the company asked instead."
    ),
    "reconciliation.note_needed": _("Please say why the difference is right."),
    "reconciliation.open_differences": _(
        "{count} differences of this day wait to be resolved. Then it can be closed."
    ),
    "reconciliation.unknown_bill": _("There is no such bill."),
    "reconciliation.unknown_difference": _(
        "This difference is resolved already, or there is none."
    ),
    "request.bad_cursor": _("This cursor does not come from this list."),
    "reviews.already": _("You have reviewed this already."),
    "reviews.bad": _("A review has one to five stars and at most {limit} characters."),
    "reviews.bad_cursor": _("This page of the list does not exist any more."),
    "reviews.bad_picture": _(
        "At most {limit} pictures (JPEG, PNG, WebP or GIF), of at most {limit_mb} MB each."
    ),
    "reviews.not_bought": _("Only what was delivered can be reviewed."),
    "reviews.off": _("This shop takes no reviews."),
    "reviews.reason_missing": _("Please say why."),
    "reviews.unknown": _("There is no such review."),
    "risk.bad_block": _("This is not an e-mail address, phone number, address or device."),
    "risk.blocked": _("This order cannot be accepted. Please contact the shop."),
    "risk.too_fast": _("Too many orders in a short time. Please wait a minute."),
    "risk.too_many_attempts": _("Too many attempts. Please try again in {retry_seconds} seconds."),
    "risk.unknown_block": _("There is no such entry in the blacklist."),
    "secrets.cannot_open": _("The secret cannot be opened. The operator has to look at this."),
    "secrets.master_key_unreachable": _(
        "The key service does not answer; secrets cannot be opened until it does."
    ),
    "secrets.no_key_service": _("The key service is not set up: {problem}"),
    "secrets.reason_needed": _("Please say why."),
    "secrets.rotating": _("The key is being changed already."),
    "secrets.no_master_key": _("The installation was started without its master key."),
    "settings.bad_value": _("This value is not possible."),
    "settings.unknown": _("There is no such setting."),
    "shop.cart_full": _("The cart is full."),
    **STAFF_TEXTS,
    "state.wrong": _("This is no longer possible in the present state."),
    # Which of the reasons it is, is said by `import_words`.
    "stock.bad_entry": _("Something about these goods is not possible: {field}."),
    "stock.bad_warehouse": _("A warehouse has a name of at most {limit} characters."),
    "stock.not_enough_free": _(
        "Fewer pieces are free there: the others are reserved or sold. Nothing was changed."
    ),
    "stock.not_goods": _("This variant sells cards: only goods have pieces."),
    "stock.reason_needed": _("Please say why the number is corrected."),
    "stock.same_warehouse": _("The goods lie there already."),
    "stock.unknown_transfer": _("No such goods are on their way."),
    "stock.unknown_warehouse": _("There is no such warehouse."),
    "stock.warehouse_taken": _("There is a warehouse {name} already."),
    "shop.unknown_link": _("This link is not valid. Please open it from the mail again."),
    "supply.unknown_wait": _("This reminder was ended already, or there is none."),
    "vault.not_cards": _("This variant sells goods: it has pieces, and no cards."),
    "vault.bad_file": _("The file could not be read."),
    "vault.bad_count": _("Between 1 and {limit} codes can be made at once."),
    "vault.bad_pattern": _("The pattern cannot be read. X is a letter or digit, # a digit."),
    "vault.bad_purchase": _("What was said about the purchase is not possible: {field}."),
    "vault.bad_serial": _("Numbers cannot count up like this: {field}."),
    "vault.secret_numbers": _(
        "The card numbers of this variant are secret: numbers that count up would be known."
    ),
    "vault.numbers_taken": _("Some of these numbers are in the vault already. Nothing was made."),
    "vault.bad_filter": _("Cards cannot be looked for like this: {field}."),
    "vault.bad_pool_name": _("A pool needs a name of at most {limit} characters."),
    "vault.bad_terms": _("This is missing or impossible: {field}."),
    "vault.batches_differ": _(
        "Only batches of one product that are wholly in stock can become one."
    ),
    "vault.cannot_undo": _(
        "Only a change that has ended can be taken back, within seven days and once."
    ),
    "vault.pool_name_taken": _("There is a pool of this name already."),
    "vault.pool_not_empty": _("There are cards in this pool: move them to another one first."),
    "vault.unknown_pool": _("There is no such pool."),
    "vault.batch_touched": _(
        "Cards of this batch were sold, reserved or changed, so it cannot be undone."
    ),
    "vault.import_refused": _("Not every line was good, so nothing was loaded."),
    "vault.nothing_to_change": _("Choose a batch or at least one card."),
    "vault.nothing_to_export": _("No card fits: there is nothing to export."),
    "vault.nothing_to_import": _("Send between 1 and {limit} lines."),
    "vault.reason_missing": _("Give a reason of at most 300 characters."),
    "vault.sold_out": _("Sold out: there is not enough stock."),
    "vault.too_late_to_undo": _("A batch can be undone within ten minutes only."),
    "vault.too_many_cards": _("At most {limit} cards at once."),
    "vault.unknown_batch": _("There is no such batch."),
    "vault.unknown_card": _("There is no such card."),
    "vault.unknown_export": _("There is no such export, or its time is over."),
    "vault.weak_passphrase": _(
        "The passphrase needs at least 14 letters, digits or signs, without accents or Chinese."
    ),
    "vault.weak_pattern": _("Codes of this pattern could be guessed. Make it longer."),
    "work.unknown": _("There is no such job."),
}
