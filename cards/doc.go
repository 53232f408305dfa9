// Package cards is the top-up card business: generating series of cards, and redeeming one once. A card's
// serial is public, its code is secret: only a keyed MAC for looking it up and a sealed copy for the one
// allowed export are kept. Redeeming a card is an order (package topup) whose Funding is the card.
package cards
