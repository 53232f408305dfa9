// Package conversation is the channel-agnostic conversation with a customer: the flows as tables, what
// texts mean (keywords), what is answered (prompts), and the turn that takes one message to its one reply.
package conversation
