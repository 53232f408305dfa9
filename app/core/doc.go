// Package core is a Pulsa without anything that is particular to a provider: stores, services, conversations and due work,
// wired in one place. [Open] opens the stores, [Program.Assemble] puts the rest onto them: gateways, networks and channel
// adapters are given to it. Package app gives it the real ones, package conversation/talk/harness simulators, so that
// conversation scripts are played on the wiring that customers meet, and compile no provider's library.
package core
