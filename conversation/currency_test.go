package conversation

import "testing"

func TestAnAmountInOtherMoneyIsNotTheBrands(t *testing.T) {
	reader := mustReader(t, demoBrand())
	for text, want := range map[string]bool{
		"10 1234": false, "€10 1234": false, "10 euro 1234": false, "eur 10 pin 1234": false, "10,- 1234": false, "€ 10,00 1234": false,
		"- 10 1234": false, "pin 1234 10": false, "": false, "please": false, "10 1234 usd": false,
		"-10 1234": true, "–10 1234": true, "10 – 1234": false, "−10 1234": true, "-€10": true, "€-10": true, "$10 1234": true, "10 USD 1234": true, "10$ 1234": true, "usd 10": true,
		"10 dollars 1234": true, "£ 10": true, "10.00 gbp": true, "10gbp": true,
	} {
		if got := reader.otherMoney(text, "EUR"); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
	if reader.otherMoney("$10", "USD") {
		t.Error("the brand's own sign")
	}
}

func TestAnAmountThatGoesOnAsNoneDoesIsAskedAgain(t *testing.T) {
	reader := mustReader(t, demoBrand())
	for text, want := range map[string]bool{
		"10.005 1234": true, "10,000 1234": true, "10.00.00 1234": true, "1.000,00": true, "10O 1234": true, "10abc": true, "20ž": true,
		"10.00 1234": false, "10,1234": false, "10,00,1234": false, "10euro 1234": false, "10EUR1234": false, "10e 1234": false,
		"10pin1234": false, "10,- 1234": false, "10 mum": false, "10": false, "": false, "mum": false,
	} {
		p := reader.read(text)
		if p.Unclear != want {
			t.Errorf("%q: unclear %v", text, p.Unclear)
		}
	}
}
