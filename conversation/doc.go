// Package conversation talks with a customer, on any channel: it understands a message, has the domains (accounts, payments,
// topup, cards) do what it asks for, and says what came of it in the customer's language.
//
// It promises that a message has one reply and no second effect, however often its provider delivers it; that a sender's messages
// are answered one after the other; that no secret is stored or logged as it was typed; and that the words of customers are in
// the prompt files, none in Go.
//
// # Where to begin
//
// [Handler.Turn] takes a message to its reply. Read it in this order:
//
//	lifecycle.go      lock the session, answer, commit; again where the lock was lost
//	answer.go         who may understand a message, in which order
//	engine.go         what it means in the state in which the conversation stands, from the tables alone
//	action.go         the table of words that customers text
//	flow.go           what a state and a transition are; the flows are beside it: purchase.go, redeem.go, registration.go, …
//	error_answers.go  the table of errors: what the customer is told, and what becomes of the conversation
//	notify.go         what customers are told without having asked; notice.go has the table of its kinds
//	outage.go         what is done while sessions can't be kept
//
// # To add a word
//
// A word that customers text is an action, and an action is one row in action.go: its name, the state in which its flow begins or
// the function that answers it, when it is served while sessions can't be kept (StandsAlone), and which menu offers it. A word that
// only says something is an Answers, as STATUS is; Channel is for what concerns the channel itself. Put the function beside its like,
// as sayStatus is in status.go. Its words go into prompts/en.yaml and nl.yaml, under "keywords", its label for a menu under
// "choice.NAME". Then write a story in stories/. Where the word is served without a session, say so in action_test.go as well.
// `go test ./conversation` finds what is missing in a few seconds, except the story: TestStories in talk/harness does.
//
// # To add a prompt
//
// Put its text into both prompt files and say it: t.Say("topup.thanks", "name", value). A key is a constant of type [Key]; tests
// read them from the code's types, and find a prompt that is not there, is never said, lacks a {name} or is too long for an SMS.
//
// # To add a state
//
// Add it to its flow's States, with a question (Prompt and Accept) or a service to ask (Act), and to the Transitions that lead
// there and away. Accept reads the input and notes answers in the session; Act asks a service with an operation key (t.key,
// t.flowKey) and returns an event. An error goes to t.answerError: its table knows what to say. [New] refuses a table with a state
// that can't be reached, is a dead end or has no prompt. `go run ./cmd/pulsa flows` draws it for docs/flows.md, and a test says
// which story has not been there.
package conversation
