// Package accounts knows who the customer is: registration, the PIN and its lock, proven addresses,
// opt-outs. How the customer pays is kept by payments; a summary of it comes with the customer.
package accounts
