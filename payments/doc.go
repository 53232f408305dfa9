// Package payments charges customers: instruments set up on a payment page, the Gateway port that
// providers implement, and the Funding by charge that orders use.
package payments
