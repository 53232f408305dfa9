package conversation

import (
	"runtime"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pulsa/prepaid"
)

func TestATextMayHoldAPIN(t *testing.T) {
	for text, want := range map[string]bool{
		"KOOP 12 4821": true, "koop 4821": true, "KOOP 10 48211": true, "4821.": true, "code:246810": true, "ＫＯＯＰ　１２　４８２１": true, "KOOP10,4821": true,
		"": false, "KOOP 10": false, "HELP": false, "0612345678": false, "06 1234 5678": false, "+31 6 1234 5678": false, "061234567": false, "KOOP 100": false,
	} {
		if got := mayHoldPIN(text, "NL"); got != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}

func TestPurchasesAreReadAsCustomersTypeThem(t *testing.T) {
	all := mustPrompts(t, demoBrand())
	tests := []struct {
		text        string
		amount, pin string // "" for none
	}{
		{"KOOP 10 1234", "10.00", "1234"},
		{"koop 10 1234", "10.00", "1234"},
		{"  Koop   10\t1234  ", "10.00", "1234"},
		{"TOPUP 10 1234", "10.00", "1234"},
		{"koop €10 1234", "10.00", "1234"},
		{"koop € 10 1234", "10.00", "1234"},
		{"koop 10,- 1234", "10.00", "1234"},
		{"koop 10.00 1234", "10.00", "1234"},
		{"koop 10,00 1234", "10.00", "1234"},
		{"koop 10 euro 1234", "10.00", "1234"},
		{"koop 10euro 1234", "10.00", "1234"},
		{"koop EUR 10 pin 1234", "10.00", "1234"},
		{"KOOP10 1234", "10.00", "1234"},
		{"KOOP, 10, 1234.", "10.00", "1234"},
		{"koop 10,1234", "10.00", "1234"},
		{"koop 10.1234", "10.00", "1234"},
		{"koop 10-1234", "10.00", "1234"},
		{"koop 10/1234!", "10.00", "1234"},
		{"\"KOOP 10 1234\"", "10.00", "1234"},
		{"“KOOP 10 1234”", "10.00", "1234"},
		{"'koop 10 1234'", "10.00", "1234"},
		{"ＫＯＯＰ　１０　１２３４", "10.00", "1234"},
		{"koop ١٠ ١٢٣٤", "10.00", "1234"},
		{"koop\u00a010\u00a01234", "10.00", "1234"},
		{"\ufeffkoop 10 1234", "10.00", "1234"},
		{"KOOP 10 1234\nGroetjes, Jan 06-12345678", "10.00", "1234"},
		{"KOOP 10 1234 Sent from my phone", "10.00", "1234"},
		{"KOOP 10 1234 -- Jan, 42", "10.00", "1234"},
		{"KOOP 10 1234 please", "10.00", "1234"},
		{"KOOP 10 1234 thanks!!", "10.00", "1234"},
		{"KOOP 10 1234 euro", "10.00", "1234"},
		{"KOOP 10 1234 -- 20 Market Street", "10.00", "1234"},
		{"KOOP 10 1234 – Jan 20", "10.00", "1234"},
		{"KOOP 10 1234 from my phone 4", "10.00", "1234"},
		{"KOOP 10 1234\n20 Market Street", "10.00", "1234"},
		{"KOOP\n10\n1234", "10.00", "1234"},
		{"\u202a\"KOOP 10 1234\"\u202c", "10.00", "1234"},
		{"KOOP 1\ufe0f\u20e30\ufe0f\u20e3 1\u20e32\u20e33\u20e34\u20e3", "10.00", "1234"},
		{"KOOP ①⓪ 12\u00ad34", "10.00", "1234"},
		{"KOOP\u200b10\u200b1234", "10.00", "1234"},
		{"KOOP: 10 1234", "10.00", "1234"},
		{"#KOOP 10 1234", "10.00", "1234"},
		{"KOOP 10 0012", "10.00", "0012"},
		{"KOOP 12.50 1234", "12.50", "1234"},
		{"KOOP 12,5 1234", "12.50", "1234"},
		{"KOOP 10", "10.00", ""},
		{"KOOP", "", ""},
		{"KOOP 1234", "", "1234"},
		{"KOOP please", "", ""},
		{"koop 10 euro met pin 1234", "10.00", "1234"},
		{"koop for 10 euro 1234 for me", "10.00", "1234"},
		{"koop for €10 1234", "10.00", "1234"},
		{"koop voor 10 euro, pin 1234", "10.00", "1234"},
		{"koop 10 piek 1234", "10.00", "1234"},
		{"koop 10 stuks 1234", "10.00", ""}, // a word that we don't know may mean anything: the question names the amount
		{"koop net 10 1234", "10.00", ""},
		{"koop tien 1234", "10.00", "1234"},
		{"koop een tientje 1234", "10.00", "1234"},
		{"koop vijfentwintig 1234", "25.00", "1234"},
		{"koop twenty five 1234", "25.00", "1234"},
		{"koop twenty-five euros pin 1234", "25.00", "1234"},
		{"koop fifty euro please 1234", "50.00", "1234"},
		{"koop for a tenner 1234", "10.00", "1234"},
		{"koop voor vijftig euro 1234 graag", "50.00", "1234"},
		{"koop 10 12-34", "10.00", "1234"},
		{"koop 10 1/2/3/4", "10.00", "1234"},
		{"koop 10 pin: 12‑34", "10.00", "1234"},
		{"koop 10,= 1234", "10.00", "1234"},
		{"koop €10,00- 1234", "10.00", "1234"},
		{"koop ১০ ১২৩৪", "10.00", "1234"},
		{"KOOP,10,1234", "10.00", "1234"},
		{"KOOP.10 1234", "10.00", "1234"},
		{"koop Eur.10 1234", "10.00", "1234"},
		{"koop ١٠٫٥٠ ١٢٣٤", "10.50", "1234"},
	}
	for _, tt := range tests {
		t.Run(tt.text, func(t *testing.T) {
			c := all.Words.Read(tt.text)
			if c.Action != ActTopUp {
				t.Fatalf("action %q", c.Action)
			}
			turn := Turn{brand: demoBrand(), all: all, command: c}
			p := turn.readPurchase()
			if p.Unclear || p.BadPIN {
				t.Errorf("unclear %v, bad PIN %v", p.Unclear, p.BadPIN)
			}
			amount := ""
			if !p.Amount.Zero() {
				amount = p.Amount.Number()
			}
			if amount != tt.amount || p.PIN.Reveal() != tt.pin {
				t.Errorf("read amount %q and PIN %q, want %q and %q", amount, p.PIN.Reveal(), tt.amount, tt.pin)
			}
		})
	}
}

func TestPurchasesThatAreUnclear(t *testing.T) {
	reader := mustReader(t, demoBrand())
	for text, want := range map[string]purchase{
		"10 1234 0612345678":        {Unclear: true},
		"10 0612345678":             {Unclear: true},
		"10 0612345678 1234":        {Unclear: true},
		"0612345678":                {Unclear: true},
		"0612345678 10 1234":        {Unclear: true},
		"10 123":                    {BadPIN: true},
		"10 euro 123":               {BadPIN: true},
		"10 pin 123":                {BadPIN: true},
		"10-123":                    {BadPIN: true},
		"10 123456":                 {BadPIN: true},
		"10 123 4567":               {Unclear: true}, // may be a phone's, or 10 123
		"10 123 20":                 {Unclear: true, Extra: true},
		"10 1234567":                {Unclear: true},
		"10 100":                    {Unclear: true},
		"10 euro 100":               {Unclear: true, Extra: true},
		"10 12345":                  {BadPIN: true},
		"10 12345 please":           {BadPIN: true},
		"99999999999999999999 1234": {Unclear: true},
		"50 000":                    {Unclear: true},
		"50 000 1234":               {Unclear: true},
		"10½ 1234":                  {Unclear: true},
		"10² 1234":                  {Unclear: true},
		"x10 1234":                  {Unclear: true},
		"1.5 thousand 1234":         {Unclear: true},
		"ten dollars 1234":          {Unclear: true},
		"10 thb 1234":               {Unclear: true},
		"10 1234 usd":               {Unclear: true},
		"10 or twenty 1234":         {Unclear: true, Extra: true},
		"10 twenty 1234":            {Unclear: true, Extra: true},
		"five and twenty 1234":      {Unclear: true, Extra: true},
		"ten twenty":                {Unclear: true, Extra: true},
		"vijf0 1234":                {Unclear: true},
		"tien4821":                  {Unclear: true},
		"ten1 1234":                 {Unclear: true},
		"10 10-20":                  {Unclear: true, Extra: true},
		"1000 000":                  {Unclear: true},
		"10 for mum 1234":           {Unclear: true},
		"for mum 10 1234":           {Unclear: true},
		"10 1234 for mum":           {Unclear: true},
		"10 1234 voor mijn moeder":  {Unclear: true},
		"10 voor mama":              {Unclear: true},
		"10 every single day 1234":  {Unclear: true},
		"10 cent 1234":              {Unclear: true},
		"1000 cents 1234":           {Unclear: true},
		"10 15":                     {Unclear: true, Extra: true},
		"10/20":                     {Unclear: true, Extra: true},
		"10-20":                     {Unclear: true, Extra: true},
		"10 of 20":                  {Unclear: true, Extra: true},
		"10:30 1234":                {Unclear: true, Extra: true},
		"10 48 21":                  {Unclear: true, Extra: true},
		"10 + 10 1234":              {Unclear: true, Extra: true},
		"2*10 1234":                 {Unclear: true, Extra: true},
		"10 12345 20":               {Unclear: true, Extra: true, BadPIN: true},
	} {
		p := reader.read(tidy(text))
		if p.Unclear != want.Unclear || p.BadPIN != want.BadPIN || p.Extra != want.Extra {
			t.Errorf("%q: %+v, want %+v", text, p, want)
		}
		if p.complete() {
			t.Errorf("%q would be bought", text)
		}
	}
}

func TestANumberBehindThePINIsNotPassedOver(t *testing.T) {
	all := mustPrompts(t, demoBrand())
	for _, text := range []string{
		"KOOP 10 4821 20", "koop 10 4821 €20", "KOOP 10 4821 20 euro", "KOOP 10 4821 EUR 20", "KOOP 10,- 4821, 20,-", "KOOP 10 4821 20.00",
		"KOOP 10 4821 or 20", "KOOP 10 4821 and then 20 please", "KOOP 10 4821 7", "KOOP 10 4821 1234", "KOOP 10 4821 20 -- Jan", "KOOP\n10\n4821\n20",
		"KOOP 10 4821 20\nJan", "KOOP 10 20 4821", "KOOP10 4821/20", "KOOP 10 4821 10",
	} {
		turn := Turn{brand: demoBrand(), all: all, command: all.Words.Read(text)}
		if p := turn.readPurchase(); !p.Extra || !p.Unclear || p.complete() {
			t.Errorf("%q: %+v", text, p)
		}
	}
}

func TestABrandThatSellsThousands(t *testing.T) {
	b := demoBrand()
	naira := func(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: "NGN"} }
	b.Currency, b.Amounts = "NGN", prepaid.AmountRange{Min: naira(10000), Max: naira(2000000), Step: naira(10000)}
	for text, want := range map[string]struct{ amount, pin string }{
		"1000":      {"1000.00", ""},
		"1000 4821": {"1000.00", "4821"},
		"4821":      {"0.00", "4821"},
	} {
		p := mustReader(t, b).read(text)
		if p.Amount.Number() != want.amount || p.PIN.Reveal() != want.pin || p.Unclear {
			t.Errorf("%q: amount %s, PIN %q", text, p.Amount.Number(), p.PIN.Reveal())
		}
	}
}

func TestWords(t *testing.T) {
	words := mustPrompts(t, demoBrand()).Words
	for text, want := range map[string]Command{
		"help":                     {Action: ActHelp},
		"HULP":                     {Action: ActHelp},
		"Stop.":                    {Action: ActStop},
		"LANG nl":                  {Action: ActLanguage, Rest: "NL", Line: "NL"},
		"taal":                     {Action: ActLanguage},
		"annuleer":                 {Action: ActExit},
		"redeem 1234-5678 9012 34": {Action: ActRedeem, Rest: "1234-5678 9012 34", Line: "1234-5678 9012 34"},
		"helpful":                  {Rest: "HELPFUL"},
		"stop2":                    {Rest: "STOP2"},
		"12345678901234":           {Rest: "12345678901234"},
		"":                         {},
		"\x00\xff\xfe":             {},
	} {
		got := words.Read(text)
		want.Alone, want.Language = got.Alone, got.Language
		if got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
}

func TestCodesAreReadAsCustomersTypeThem(t *testing.T) {
	all := mustPrompts(t, demoBrand())
	for text, want := range map[string]struct{ code, other string }{
		"REDEEM 12345678901234":                        {code: "12345678901234"},
		"redeem 1234 5678-9012.34":                     {code: "12345678901234"},
		"REDEEM code: 1234 5678 9012 34":               {code: "12345678901234"},
		"redeem card no. 12345678901234":               {code: "12345678901234"},
		"INWISSELEN pincode 12345678901234":            {code: "12345678901234"},
		"REDEEM code 12345678901234\n-- \nJan":         {code: "12345678901234"},
		"REDEEM 12345678901234 0612345678":             {code: "12345678901234", other: "31612345678"},
		"REDEEM code 1234-5678-9012-34 +31 6 12345678": {code: "12345678901234", other: "31612345678"},
		"REDEEM 12345678901234 for my sister":          {code: "12345678901234 FOR MY SISTER"},
		"REDEEM for my sister 12345678901234":          {code: "FOR MY SISTER 12345678901234"},
	} {
		turn := Turn{brand: demoBrand(), all: all, command: all.Words.Read(text)}
		code, other := turn.readCardCode()
		if code.Reveal() != want.code || string(other) != want.other {
			t.Errorf("%q: code %q for %q, want %q for %q", text, code.Reveal(), string(other), want.code, want.other)
		}
	}
}

// A text of 64 KB must not keep the processor busy: what is read of it is as long as a code.
func TestALongTextIsNoCode(t *testing.T) {
	turn := Turn{brand: demoBrand(), command: Command{Action: ActRedeem, Rest: strings.Repeat("1 ", 32<<10)}}
	if n := testing.AllocsPerRun(1, func() { turn.readCardCode() }); n > 200 {
		t.Errorf("%.0f allocations", n)
	}
}

func TestPINsAreReadAsCustomersTypeThem(t *testing.T) {
	all := mustPrompts(t, demoBrand())
	for text, want := range map[string]string{
		"4821": "4821", "48 21": "4821", "4.8.2.1": "4821", "\"4821\"": "4821", "4821.": "4821", "4/8/2/1": "4821", "48‑21": "4821", "48\u00a021": "4821", "৪৮২১": "4821", "482l": "4821",
		"PIN 4821": "4821", "Pin: 4821": "4821", "my pin is 4821": "4821", "mijn pincode is 4821": "4821", "pin O482": "0482", "PIN4821": "4821",
		"20.00": "", "20,00": "", "482": "", "48211": "", "pin": "", "": "", "LOLO": "", "€4821": "", "4821 4821": "", "I forgot 4821": "",
	} {
		if pin, ok := pinOf(all, text); ok != (want != "") || pin.Reveal() != want {
			t.Errorf("%q: %q, %v; want %q", text, pin.Reveal(), ok, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{"KOOP 10 1234", "koop €10,- 1234", "REDEEM 1234 5678 9012 34", "\xff\xfe", "ＫＯＯＰ１０", "KOOP10", "KOOP 10 4821 or 20 -- 5", strings.Repeat("9", 1000)} {
		f.Add(s)
	}
	f.Add("KOOP Rp10.000,- 4/8/2/1")
	f.Add("KOOP vijfentwintig euro pin ৪৮২১")
	f.Add("0 A1K Al 0 0 0") // 1K is an amount, no PIN
	all, slow := mustPrompts(f, demoBrand()), newSlowReader(demoBrand())
	f.Fuzz(func(t *testing.T, text string) {
		c := all.Words.Read(text)
		if !utf8.ValidString(c.Rest) {
			t.Errorf("rest is not UTF-8: %q", c.Rest)
		}
		turn := Turn{brand: demoBrand(), all: all, command: c}
		turn.setText(text)
		p := turn.readPurchase()
		slow.check(t, turn.purchaseReader().numbers.inDigits(tidy(text), turn.purchaseReader().sells), p)
		if !p.PIN.Empty() && len(p.PIN.Reveal()) != 4 {
			t.Errorf("a PIN of %d characters", len(p.PIN.Reveal()))
		}
		if p.Amount.Minor < 0 {
			t.Errorf("a negative amount %s", p.Amount)
		}

		masked := prepaid.MaskDigits(text)
		for _, code := range []prepaid.Secret{p.PIN, readAnyPIN(all, text), readAnyCode(&turn)} {
			if !code.Empty() && holdsDigits(masked, code.Reveal()) {
				t.Fatalf("%q is masked as %q: it shows what is read as %s", text, masked, code.Reveal())
			}
		}
	})
}

func readAnyPIN(all *BrandPrompts, text string) prepaid.Secret {
	pin, _ := pinOf(all, text)
	return pin
}

func pinOf(all *BrandPrompts, text string) (prepaid.Secret, bool) {
	turn := Turn{all: all}
	turn.setText(text)
	return readPIN(turn.typedNumber())
}

// readAnyCode is what is read behind REDEEM, where it may be a code.
func readAnyCode(t *Turn) prepaid.Secret {
	code, _ := t.readCardCode()
	if digits, ok := prepaid.Code(code.Reveal()); ok && len(digits) >= 4 {
		return prepaid.NewSecret(digits)
	}
	return prepaid.Secret{}
}

// holdsDigits reports whether a text shows the digits of a code, whatever separates them. Other letters than those that are read as
// digits in codes end a run: the digits before and after them are not read as one.
func holdsDigits(text, code string) bool {
	digits := strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return r
		case r == 'O' || r == 'o':
			return '0'
		case r == 'I' || r == 'l':
			return '1'
		case unicode.IsLetter(r):
			return ' '
		}
		return -1
	}, prepaid.Fold(text))
	return strings.Contains(digits, code)
}

// Each piece of a text is read once, however many numbers it holds: what is read over and over is copied over and over.
func TestALongTextIsReadOnce(t *testing.T) {
	reader := mustReader(t, demoBrand())
	for _, piece := range []string{"KOOP 10 1234 ", "a 7 ", "1 "} {
		text := "10 1234 " + strings.Repeat(piece, 64_000/len(piece))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		reader.read(text)
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
			t.Errorf("%q again and again: %d KiB", piece, used>>10)
		}
	}
}
