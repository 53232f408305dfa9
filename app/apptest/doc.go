// Package apptest is what the tests of package app and of the command share: the demo's configuration, a clock that is put
// forward, and a server in the place of the providers of messages. It does not import app, whose own tests import it.
package apptest
