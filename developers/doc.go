// Package developers knows who may top up by the API: their keys, their prepaid accounts, and what an operator's
// airtime costs them. It stands between the API's wire (topup/reloadly) and the orders (topup), and is what the server
// of that wire asks.
package developers
