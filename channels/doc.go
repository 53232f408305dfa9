// Package channels is the contract with messaging providers, and all that is alike for every one of them:
// rendering a reply for what a channel can do, counting segments, receiving webhooks, sending what is
// pushed. Each provider is an Adapter in a folder of its own.
package channels
