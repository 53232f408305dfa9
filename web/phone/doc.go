// Package phone is the test phone: a page on which anybody chats with
// a test brand over its fake channel, as on a real phone of any kind, and sees what each message costs.
//
// Pages are rendered here and htmx (static/htmx.min.js, version 2.0.11, licence beside it) asks for their
// parts; nothing is built. The page in the browser holds the conversation, the server holds none of it, so a
// restarted server is not noticed.
package phone
