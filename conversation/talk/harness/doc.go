// Package harness is the program that conversation scripts run on. [ReadSuite] reads stories and [Suite.Run] plays them.
//
// [NewMaker] makes a fresh program for every story: the core that the server runs (package app/core), stores of its own, a
// clock that stands still, simulators that outlive its restarts, and the fake channel. It can take sessions, channel and
// program away as a script says. [NewServerMaker] plays stories on a running server instead, by its fake channel and the test
// endpoints of its admin listener.
//
// This package's tests play conversation/stories, so that a changed prompt compiles no provider's library.
package harness
