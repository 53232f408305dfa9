// Package prepaid holds the words that every other package shares: numbers, money, brands, secrets,
// ids and the clock. It imports nothing of ours.
package prepaid
