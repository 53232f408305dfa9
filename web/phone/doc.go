// Package phone is the test phone: a page on which anybody chats with
// a test brand over its fake channel, as on a real phone of any kind, and sees what each message costs.
//
// Pages are rendered here, in web/ui's layout, and htmx asks for their parts. The page in the browser holds the
// conversation, the server holds none of it, so a restarted server is not noticed.
package phone
