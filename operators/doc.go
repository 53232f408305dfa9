// Package operators holds each operation of our own staff on orders, customers, channels, developers and books: what the
// commands call, and the desk's pages will. An operation that changes something takes a prepaid.By: who does it, and why.
// Stores and providers are reached through small interfaces that stand beside the operations that need them.
package operators
