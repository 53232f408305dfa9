// Package paymentstest holds the suite that every payments.Gateway must pass. The other side of the gateway
// is the simulator itself, or a server that behaves like the provider; the suite pulls its levers.
package paymentstest
