// Package reloadly speaks the Reloadly airtime API: its wire types once, a client that is a
// [topup.Network], and a server of the same API over whatever stands behind it.
//
// What the client builds on: a customIdentifier is a check for duplicates and no idempotency. It is not atomic,
// so that two requests under one are never sent at the same time; and a used one is answered by an error
// even where the first request was paid, so that nothing unclear is ever taken for failed before the
// record under the identifier was read.
package reloadly
