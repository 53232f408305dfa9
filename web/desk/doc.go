// Package desk is the operators' pages in the browser. [New] returns a handler for a listener of its own.
//
// All routes stand in one table, which routes.go gathers from one function of each file: method, pattern, the act of the table of rights
// that it belongs to, and a method of visit. The right is checked once, before the handler: who may not gets a page that says who may,
// and a deed is written; an object of a brand in which the person has no role does not exist for them. A GET changes nothing. What
// changes something is an operators.Operation, which visit.run shows and carries out: see operate.go. Addresses name the brand:
// /demo/orders.
//
// A page is shown by visit.show; the pieces that it is made of are web/ui's. Words stand in words, a folder for each language.
package desk
