// Package app puts the whole program together and runs it: the core (package core), the real gateways, networks and channel
// adapters, the simulators of test brands, HTTP routes, workers and metrics. [Wire] opens and assembles a [Program],
// [Program.Serve] runs it. It is the only package that may import anything.
package app
