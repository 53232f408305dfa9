// Package talk runs conversation scripts: files in which QA people say what a customer texts and what
// must come back.
//
//	story: Buy with a wrong PIN once
//	brand: demo
//	channel: sms, telegram
//	given: customer pin 4821 method sepa
//
//	> KOOP 10 [secret 4822]
//	< *PIN*
//	= charged EUR 10.00 never
//	> KOOP 10 [secret 4821]
//	< {topup.delivered amount=EUR 10.00}
//	= charged EUR 10.00 once
//
// Load reads and checks scripts against a Vocabulary; nothing runs where anything is wrong. Run plays the
// stories, each on a Program that a Maker makes for it, and returns a Report that writes itself as text,
// JUnit XML, HTML or JSON. Record is a chat that writes a story, Fix rewrites the replies of a script to
// what was answered, and Cover tells which states and transitions no story enters.
//
// The package knows the program under test by the interfaces of program.go alone, so the same script runs
// in process and against a server.
package talk
