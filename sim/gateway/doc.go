// Package gateway is a simulated payment provider: pages on which a setup is completed with a click, charges
// whose outcome can be told, and a durable book of what was charged. No money moves. It serves only
// brands marked test.
//
// Outcomes are told with [Gateway.Set] and hold until told otherwise. Where none was told, the end of the
// charged customer's number chooses, so that every outcome can be tried by hand:
//
//	…9001  declines
//	…9002  times out before anything is charged
//	…9003  charges, then times out
//	…9004  needs authentication, on a page under /sim/confirm/
//	…9005  leaves the charge pending, as a SEPA debit is
//	…9006  charges, but only after 20 s
//	…9007  charges, and refuses to refund
//	…9008  charges, and the charge is disputed a minute later
//	…9009  leaves the charge pending, and the bank returns it a minute later
//	…9010  charges, and answers garbage
//	…9011  the same, and look-ups find it only 3 min later
//	…9012  charges all requests under one reference that meet
//	other  charges at once
//
// A time-out takes 90 s, or until the caller stops waiting. Look-ups and cancellations always answer.
//
// [Face] and [Client] are the same gateway in a process of its own: JSON over HTTP, a protocol of our own.
package gateway
