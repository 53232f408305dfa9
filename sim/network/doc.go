// Package network is a simulated mobile network: it credits airtime whose outcome can be told, and keeps a
// durable book of what it delivered. Nobody's phone is credited. Networks do not learn the brand: give
// one only to brands marked test.
//
// Outcomes are told with [Network.Set] and hold until told otherwise. Where none was told, the end of the
// topped up number, or of the name of a mail account, chooses, so that every outcome can be tried by hand:
//
//	…8001  rejects TRANSACTION_REFUSED_BY_OPERATOR
//	…8002  times out before anything is delivered
//	…8003  delivers, then times out
//	…8004  delivers after 40 s
//	…8005  is out of funds
//	…8006  is unavailable for credits, though it recognises the number
//	…8007  rejects PHONE_RECENTLY_RECHARGED, which passes
//	…8008  delivers, and answers garbage
//	…8009  the same, and look-ups find it only 3 min later
//	…8010  delivers all requests under one reference that meet
//	…8011  delivers, and takes it back a minute later
//	…8012  fails with TRANSACTION_FAILED_ON_OPERATOR, which leaves it open; look-ups tell that it was refused
//	…8020  delivers a PIN: a code that is to be typed
//	…8021  delivers a PIN, then times out
//	…8022  delivers a PIN after 40 s
//	other  delivers at once
//
// Whatever was told, a number that ends in 9999 is not recognised, and never credited. A time-out takes
// 90 s, or until the caller stops waiting. Look-ups always answer. A refused credit leaves no record, as
// at Reloadly.
package network
