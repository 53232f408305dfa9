// Package wire reads and writes what gateways of many makers send over HTTP, as configured: where the fields of a request stand, how
// bodies and their letters are read, and templates of what is answered or sent. Adapters of such gateways share it.
package wire
