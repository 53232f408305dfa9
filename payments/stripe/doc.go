// Package stripe charges customers through Stripe.
//
// A customer sets up a card, a SEPA mandate or a PayPal agreement on a Checkout page in setup mode. What
// comes of it is kept as a token that names both the Stripe customer and the payment method. A charge is one
// PaymentIntent, made and confirmed off session with our charge id as its Idempotency-Key; its metadata
// names the charge.
//
// An IBAN that was typed becomes a SetupIntent that is confirmed at once, with the mandate as accepted offline.
//
// # Finding a charge again
//
// Stripe keeps an Idempotency-Key for a day, and its search lags: for a minute as a rule, for an hour now
// and then. So a look-up reads the PaymentIntent whose id our books hold; without one it lists the Stripe
// customer's PaymentIntents, which lags behind nothing, and believes only that list when it holds no such
// charge. The search is asked last, where our books know neither; what it does not find stays unknown.
//
// # Making sure that a charge never happens
//
// A request that is still on its way can't be cancelled. Cancel therefore spends the charge's
// Idempotency-Key on a PaymentIntent that is never confirmed: a late request under the same key is then
// refused by Stripe itself.
//
// # Authentication
//
// An off-session charge that the bank wants authenticated fails, and its PaymentIntent goes back to
// requires_payment_method. It is then confirmed once more, on session and with a return URL: Stripe answers
// with the page on which the bank asks the customer. It is the same PaymentIntent, so it is still one charge
// at most, found by the same look-up and ended by the same Cancel; a Checkout page would make a second
// PaymentIntent that could be paid beside the first, and would ask for the card again.
//
// # What Stripe must be told
//
// The webhook endpoint (WebhookPath) subscribes to checkout.session.completed, checkout.session.expired,
// setup_intent.succeeded, payment_intent.succeeded, payment_intent.payment_failed,
// payment_intent.requires_action, payment_intent.processing, payment_intent.canceled, charge.refunded,
// charge.dispute.created, charge.dispute.closed, refund.failed and mandate.updated. An event is a hint:
// only what it is about is taken from it, and then read at Stripe.
package stripe
