package conversation

import (
	"testing"

	"pulsa/prepaid"
)

func TestAnAmountInOtherMoneyIsNotTheBrands(t *testing.T) {
	reader := mustReader(t, demoBrand())
	for text, other := range map[string]bool{
		"10 1234": false, "€10 1234": false, "10 euro 1234": false, "eur 10 pin 1234": false, "10,- 1234": false, "€ 10,00 1234": false,
		"- 10 1234": false, "": false, "please": false, "10 1234 usd": true, "10 THB 1234": true,
		"-10 1234": true, "–10 1234": true, "10 – 1234": false, "−10 1234": true, "-€10": true, "€-10": true, "$10 1234": true, "10 USD 1234": true, "10$ 1234": true, "usd 10": true,
		"10 dollars 1234": true, "£ 10": true, "10.00 gbp": true, "10gbp": true,
	} {
		if p := reader.read(tidy(text)); p.Unclear != other {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

func TestAnAmountThatGoesOnAsNoneDoesIsAskedAgain(t *testing.T) {
	reader := mustReader(t, demoBrand())
	for text, want := range map[string]bool{
		"10.00.00 1234": true, "10.0000.00 1234": true, "1.00,000": true, "010,000 1234": true, "10O 1234": true, "10abc": true, "20ž": true,
		"10.00 1234": false, "10,1234": false, "10,00,1234": false, "10euro 1234": false, "10EUR1234": false, "10e 1234": false,
		"10pin1234": false, "10,- 1234": false, "10 mum": false, "10": false, "": false, "mum": false,
	} {
		p := reader.read(text)
		if p.Unclear != want {
			t.Errorf("%q: unclear %v", text, p.Unclear)
		}
	}
}

// What CLDR says of names that a table made from memory had wrong, or lacked.
func TestNamesOfMoneyMeanTheCurrenciesThatCLDRSays(t *testing.T) {
	words := mustLanguages(t).beside
	for _, tt := range []struct {
		word string
		c    prepaid.Currency
		want int
	}{
		{"₽", "RUB", ownMoney}, {"₽", "BYN", otherMoney}, {"br", "BYN", ownMoney}, {"br", "ETB", ownMoney}, {"denar", "MKD", ownMoney}, {"dinar", "MKD", otherMoney}, {"denar", "RSD", otherMoney},
		{"reals", "BRL", ownMoney}, {"złotych", "PLN", ownMoney}, {"roepie", "INR", ownMoney}, {"frank", "XOF", ownMoney}, {"kronen", "SEK", ownMoney}, {"kroon", "CZK", ownMoney}, {"kroon", "EUR", otherMoney},
		{"c$", "NIO", ownMoney}, {"a$", "AUD", ownMoney}, {"a$", "USD", otherMoney}, {"dollars", "BND", ownMoney}, {"₩", "KRW", ownMoney}, {"đồng", "VND", ownMoney}, {"gulden", "AWG", ownMoney},
		{"sr", "SCR", ownMoney}, {"lari", "GEL", ownMoney}, {"lari", "EUR", otherMoney}, {"mark", "EUR", noMoney}, {"top", "EUR", noMoney}, {"all", "EUR", noMoney},
	} {
		if got := words.names(tt.word, tt.c); got != tt.want {
			t.Errorf("%q beside an amount in %s: %d, want %d", tt.word, tt.c, got, tt.want)
		}
	}
}
