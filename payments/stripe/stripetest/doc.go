// Package stripetest plays Stripe for tests: a server that keeps customers, Checkout sessions, SetupIntents, payment methods,
// mandates, PaymentIntents, charges, refunds, disputes and Idempotency-Keys, changes them as Stripe documents, and sends signed
// events of each change. What customers and banks do are methods of Server.
//
// Where PULSA_TEST_STRIPE_MOCK is the URL of a stripe-mock, each request is also put to it, and one that does not fit Stripe's own
// OpenAPI document fails the test.
package stripetest
