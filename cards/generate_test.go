package cards_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/cards"
	"pulsa/prepaid"
)

// batch generates cards and returns them with their codes.
func (w world) batch(t *testing.T, r cards.GenerateRequest) (made []cards.Card, codes []string) {
	t.Helper()
	err := w.Generate(t.Context(), r, func(c cards.Card, code prepaid.Secret) error {
		made, codes = append(made, c), append(codes, code.Reveal())
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return made, codes
}

func TestGeneratedCardsAreStoredAndFoundByTheirCode(t *testing.T) {
	w := newWorld(t)
	request := cards.GenerateRequest{
		Brand: "demo", Amount: tenEuros, Quantity: 3, Series: "101", Reseller: "Kiosk 7",
		ExpiresAt: w.clock.Now().Add(time.Hour), Live: true,
	}
	w.reseller(t, "Kiosk 7")
	made, codes := w.batch(t, request)
	for i, c := range made {
		want := cards.Card{
			Serial: fmt.Sprintf("101-%08d", i+1), Brand: "demo", Series: "101", Amount: tenEuros, State: cards.Live,
			Reseller: "Kiosk 7", CreatedAt: w.clock.Now(), ExpiresAt: request.ExpiresAt, Batch: made[0].Batch,
		}
		if diff := cmp.Diff(want, c); diff != "" {
			t.Errorf("made:\n%s", diff)
		}
		want.ReleasedAt = want.CreatedAt
		stored, err := w.Card(t.Context(), "demo", c.Serial)
		if diff := cmp.Diff(want, stored); err != nil || diff != "" {
			t.Errorf("stored: %v\n%s", err, diff)
		}
		found, err := w.Find(t.Context(), "demo", prepaid.NewSecret(codes[i]), []string{"a"}, fmt.Sprint("m", i))
		if err != nil || found.Serial != c.Serial {
			t.Errorf("found %q, %v", found.Serial, err)
		}
	}
	more, _ := w.batch(t, request)
	if more[0].Serial != "101-00000004" {
		t.Errorf("the next batch begins at %s", more[0].Serial)
	}
}

func TestCardsAreWorthlessUntilReleased(t *testing.T) {
	w := newWorld(t)
	made, codes := w.batch(t, cards.GenerateRequest{Brand: "luhn", Amount: tenEuros, Quantity: 1, Series: "A1"})
	c, err := w.Find(t.Context(), "luhn", prepaid.NewSecret(codes[0]), []string{"a"}, "m1")
	if !errors.Is(err, cards.ErrNotLive) || c.Serial != made[0].Serial {
		t.Errorf("%q, %v", c.Serial, err)
	}
}

func TestALargeBatchComesInOrderWithoutDoubles(t *testing.T) {
	w := newWorld(t)
	made, codes := w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 2500, Series: "101"})
	if len(made) != 2500 || made[2499].Serial != "101-00002500" {
		t.Fatalf("%d cards, the last %s", len(made), made[len(made)-1].Serial)
	}
	seen := map[string]bool{}
	for i, code := range codes {
		if seen[code] || len(code) != 14 {
			t.Fatalf("card %s has code %q", made[i].Serial, code)
		}
		seen[code] = true
	}
}

func TestCodesThatExistAreDrawnAgain(t *testing.T) {
	w := newWorld(t)
	// 4000 of 100000 codes: without drawing again some 80 would be double.
	made, codes := w.batch(t, cards.GenerateRequest{
		Brand: "demo", Amount: tenEuros, Quantity: 4000, Series: "5", CodeLength: 5, AllowGuessable: true, Live: true,
	})
	seen := map[string]bool{}
	for _, code := range codes {
		seen[code] = true
	}
	if len(seen) != 4000 {
		t.Errorf("4000 cards have %d codes", len(seen))
	}
	for _, i := range []int{0, 49, 50, 3999} {
		c, err := w.Find(t.Context(), "demo", prepaid.NewSecret(codes[i]), []string{"a"}, fmt.Sprint("m", i))
		if err != nil || c.Serial != made[i].Serial {
			t.Errorf("the code of %s finds %q, %v", made[i].Serial, c.Serial, err)
		}
	}
}

func TestAnErrorOfTheReceiverEndsGenerating(t *testing.T) {
	w := newWorld(t)
	full := errors.New("disk full")
	n := 0
	err := w.Generate(t.Context(), cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 120, Series: "101"},
		func(cards.Card, prepaid.Secret) error {
			if n++; n == 10 {
				return full
			}
			return nil
		})
	if !errors.Is(err, full) || n != 10 {
		t.Errorf("%d handed over, %v", n, err)
	}
	if _, err := w.Card(t.Context(), "demo", "101-00000101"); !errors.Is(err, cards.ErrUnknown) {
		t.Errorf("the chunk after the next: %v", err)
	}
}

func TestGenerateSaysWhatToChange(t *testing.T) {
	w := newWorld(t)
	good := cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 1, Series: "101"}
	for _, tt := range []struct {
		want   string
		change func(*cards.GenerateRequest)
	}{
		{`no brand is named "dema"`, func(r *cards.GenerateRequest) { r.Brand = "dema" }},
		{"quantity must be 1 to 10000000", func(r *cards.GenerateRequest) { r.Quantity = 0 }},
		{"quantity must be 1 to 10000000", func(r *cards.GenerateRequest) { r.Quantity = 10_000_001 }},
		{"amount must be in EUR", func(r *cards.GenerateRequest) { r.Amount.Currency = "USD" }},
		{"amount must be more than 0", func(r *cards.GenerateRequest) { r.Amount.Minor = 0 }},
		{"amount must be more than 0", func(r *cards.GenerateRequest) { r.Amount.Minor = -1 }},
		{"series must be 1 to 10 letters or digits", func(r *cards.GenerateRequest) { r.Series = "" }},
		{"series must be 1 to 10 letters or digits", func(r *cards.GenerateRequest) { r.Series = "10-1" }},
		{"series must be 1 to 10 letters or digits", func(r *cards.GenerateRequest) { r.Series = "été" }},
		{"series must be 1 to 10 letters or digits", func(r *cards.GenerateRequest) { r.Series = "12345678901" }},
		{"code length must be 5 to 32 digits", func(r *cards.GenerateRequest) { r.CodeLength = 4 }},
		{"code length must be 5 to 32 digits", func(r *cards.GenerateRequest) { r.CodeLength = 33 }},
		{"code length must be 5 to 32 digits", func(r *cards.GenerateRequest) { r.CodeLength = -1 }},
		{"expiry must be in the future", func(r *cards.GenerateRequest) { r.ExpiresAt = w.clock.Now() }},
		{"only cards of test brands can be live at once", func(r *cards.GenerateRequest) { r.Brand, r.Live = "luhn", true }},
		{"codes could be guessed: where guessing may hit 1001 cards the code length must be at least 11 digits, not 10",
			func(r *cards.GenerateRequest) { r.Quantity, r.CodeLength = 1001, 10 }},
		{"codes could be guessed: where guessing may hit 1001 cards the code length must be at least 12 digits", // the check digit is no help
			func(r *cards.GenerateRequest) { r.Brand, r.Quantity, r.CodeLength = "luhn", 1001, 10 }},
		{"code length must be more than 5 digits for 50001 cards",
			func(r *cards.GenerateRequest) { r.Quantity, r.CodeLength, r.AllowGuessable = 50_001, 5, true }},
	} {
		r := good
		tt.change(&r)
		err := w.Generate(t.Context(), r, func(cards.Card, prepaid.Secret) error {
			t.Errorf("%s: a card was made", tt.want)
			return errors.New("enough")
		})
		if err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%v; want %s…", err, tt.want)
		}
	}
	good.Quantity, good.CodeLength = 1000, 10 // exactly one hit in ten million guesses
	w.batch(t, good)
}

func TestCardsThatExistAreGuessableToo(t *testing.T) {
	w := newWorld(t)
	w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 999, Series: "101", CodeLength: 10})
	w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 999, Series: "101", CodeLength: 12})
	none := func(cards.Card, prepaid.Secret) error { return nil }
	r := cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 2, Series: "101", CodeLength: 10}
	if err := w.Generate(t.Context(), r, none); err == nil || !strings.Contains(err.Error(), "1001 cards") {
		t.Errorf("999 and 2 cards: %v", err)
	}
	r.Quantity = 1
	if err := w.Generate(t.Context(), r, none); err != nil {
		t.Errorf("999 and 1 card: %v", err)
	}
	r.Quantity, r.AllowGuessable = 2, true
	if err := w.Generate(t.Context(), r, none); err != nil {
		t.Errorf("allowed: %v", err)
	}
}

func TestALaterExpiryDoesNotMakeCodesGuessable(t *testing.T) {
	w := newWorld(t)
	soon := w.clock.Now().Add(time.Hour)
	w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 600, Series: "101", CodeLength: 10, ExpiresAt: soon})
	w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 10, Series: "102", CodeLength: 12, ExpiresAt: soon})
	w.wait(2 * time.Hour)
	w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 401, Series: "103", CodeLength: 10})
	later := w.clock.Now().AddDate(1, 0, 0)
	change, old := cards.Change{Expires: &later}, cards.Filter{Brand: "demo", Series: "101"}
	p, err := w.PreviewEdit(t.Context(), old, change, false)
	if !errors.Is(err, cards.ErrGuessable) || !strings.Contains(err.Error(), "600 expired cards") || !strings.Contains(err.Error(), "1001 cards") {
		t.Errorf("600 cards: %v", err)
	}
	if _, err := w.StartEdit(t.Context(), p, change, prepaid.By{Who: "ann", Why: "test"}); !errors.Is(err, cards.ErrGuessable) {
		t.Errorf("600 cards that were previewed: %v", err)
	}
	for name, tt := range map[string]struct {
		f cards.Filter
		c cards.Change
	}{
		"longer codes":     {cards.Filter{Series: "102"}, change},
		"599 of them":      {cards.Filter{Series: "101", From: "101-00000002"}, cards.Change{Expires: &later}},
		"allowed":          {cards.Filter{Series: "101"}, cards.Change{Expires: &later, AllowGuessable: true}},
		"not expired":      {cards.Filter{Series: "103"}, change},
		"something else":   {cards.Filter{Series: "101"}, cards.Change{Action: cards.Lock}},
		"and at once void": {cards.Filter{Series: "101"}, cards.Change{Expires: &later, Action: cards.Withdraw}},
	} {
		tt.f.Brand = "demo"
		if _, err := w.PreviewEdit(t.Context(), tt.f, tt.c, false); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAFullCodeSpaceIsRefusedBeforeAnythingIsMade(t *testing.T) {
	w := newWorld(t)
	r := cards.GenerateRequest{Brand: "luhn", Amount: tenEuros, Quantity: 3000, Series: "101", CodeLength: 5, AllowGuessable: true}
	w.batch(t, r)
	r.Quantity = 2001
	err := w.Generate(t.Context(), r, nil)
	if err == nil || !strings.Contains(err.Error(), "more than 5 digits for 2001 cards where 3000 have codes of that length") {
		t.Error(err)
	}
	r.Quantity = 2000
	w.batch(t, r)
}

func TestNoCodeIsStoredOrLoggedInClear(t *testing.T) {
	w := newWorld(t)
	_, codes := w.batch(t, cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 100, Series: "101", Live: true})
	const unknown = "98765432109876"
	_, _ = w.Find(t.Context(), "demo", prepaid.NewSecret(unknown), []string{"a"}, "m1")
	_, _ = w.Find(t.Context(), "demo", prepaid.NewSecret(codes[0]), []string{"a"}, "m2")
	if w.log.Len() == 0 {
		t.Error("the unknown code was not logged")
	}
	stored := w.log.String()
	files, err := filepath.Glob(filepath.Join(w.dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		stored += string(content)
	}
	if !strings.Contains(stored, "101-00000100") {
		t.Fatal("the files read are not the store's")
	}
	for _, code := range append(codes, unknown) {
		if strings.Contains(stored, code) {
			t.Errorf("code %s shows", code)
		}
	}
}

func TestAddRefusesWhatNobodyCouldRedeem(t *testing.T) {
	w := newWorld(t)
	w.add(t, "101-00000042", "12345678901234")
	if c, err := w.Card(t.Context(), "demo", "101-00000042"); err != nil || c.State != cards.Live || c.Series != "101" {
		t.Errorf("added: %+v, %v", c, err)
	}
	if err := w.Add(t.Context(), cards.Card{Serial: "101-00000043", Brand: "demo", Amount: tenEuros},
		prepaid.NewSecret("1234 5678 9012 34")); !errors.Is(err, cards.ErrExists) {
		t.Errorf("the same code: %v", err)
	}
	for _, tt := range []struct {
		name, brand, serial, code string
		amount                    prepaid.Money
	}{
		{"no test brand", "luhn", "101-00000001", "42424242424242", tenEuros},
		{"no dash", "demo", "10100000001", "11111111111111", tenEuros},
		{"no number", "demo", "101-", "11111111111111", tenEuros},
		{"letters", "demo", "101-0000000A", "11111111111111", tenEuros},
		{"short code", "demo", "101-00000001", "1111", tenEuros},
		{"no amount", "demo", "101-00000001", "11111111111111", prepaid.Money{Currency: "EUR"}},
		{"other currency", "demo", "101-00000001", "11111111111111", prepaid.Money{Minor: 1000, Currency: "USD"}},
		{"no brand", "nobody", "101-00000001", "11111111111111", tenEuros},
	} {
		c := cards.Card{Serial: tt.serial, Brand: tt.brand, Amount: tt.amount}
		if err := w.Add(t.Context(), c, prepaid.NewSecret(tt.code)); err == nil {
			t.Errorf("%s: added", tt.name)
		}
	}
}

func BenchmarkGenerate10k(b *testing.B) {
	w := newWorld(b)
	for b.Loop() {
		err := w.Generate(b.Context(), cards.GenerateRequest{Brand: "demo", Amount: tenEuros, Quantity: 10_000, Series: "101"},
			func(cards.Card, prepaid.Secret) error { return nil })
		if err != nil {
			b.Fatal(err)
		}
	}
}
