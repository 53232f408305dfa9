package conversation

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pulsa/prepaid"
	"pulsa/prepaid/race"
	"pulsa/topup"
)

// spellings are all ways to write one amount, as a reference that is too slow for customers knows them.
func spellings(m prepaid.Money) []string {
	whole, fraction, _ := strings.Cut(m.Number(), ".")
	wholes := map[string]string{"": whole}
	for _, mark := range []string{".", ",", "'", " "} {
		for _, size := range []int{3, 2} { // thousands, and lakhs
			head, grouped := whole, ""
			for step := 3; len(head) > step; step = size {
				grouped = mark + head[len(head)-step:] + grouped
				head = head[:len(head)-step]
			}
			if grouped != "" {
				wholes[mark+strconv.Itoa(size)] = head + grouped
			}
		}
	}
	var out []string
	for mark, whole := range wholes {
		shortest := strings.TrimRight(fraction, "0")
		if shortest == "" {
			out = append(out, whole)
		}
		for n := max(1, len(shortest)); n <= max(2, len(fraction)); n++ {
			decimals := (fraction + "00")[:max(n, 1)]
			for _, point := range []string{".", ","} {
				if !strings.HasPrefix(mark, point) {
					out = append(out, whole+point+decimals)
				}
			}
		}
	}
	return out
}

// slowReader is a reference that knows each spelling of each amount that a brand sells.
type slowReader struct {
	brand *prepaid.Brand
	known map[string][]prepaid.Money
}

func newSlowReader(b *prepaid.Brand) slowReader {
	r := slowReader{b, map[string][]prepaid.Money{}}
	for minor := b.Amounts.Min.Minor; minor <= b.Amounts.Max.Minor; minor += b.Amounts.Step.Minor {
		m := prepaid.Money{Minor: minor, Currency: b.Currency}
		for _, text := range spellings(m) {
			if !slices.Contains(r.known[text], m) {
				r.known[text] = append(r.known[text], m)
			}
		}
	}
	return r
}

var (
	firstFigure = regexp.MustCompile(`^[^0-9]*?0*([0-9]+(?:[.,' ][0-9]+)*)`)
	pointAlone  = regexp.MustCompile(`^(?:.* )?[.,]$`)
	lastPart    = regexp.MustCompile(`[.,' ][0-9]+$`)
	pinBehind   = regexp.MustCompile(`^[^0-9]*(?:[0-9]{4,5}|(?:[0-9]+[-/])+[0-9]+)(?:[^0-9]|$)`)
)

// check fails where a text would buy another amount than the only one that it can mean.
func (r slowReader) check(t *testing.T, text string, p purchase) {
	t.Helper()
	if p.Unclear || len(p.Either) == 0 && topup.CheckAmount(r.brand, p.Amount) != nil { // nothing is bought
		return
	}
	at := firstFigure.FindStringSubmatchIndex(text)
	if at == nil {
		t.Fatalf("%q: %s would be bought without a number", text, p.Amount)
	}
	figure, behind := text[at[2]:at[3]], text[at[3]:]
	for strings.ContainsAny(behind, "0123456789") && !pinBehind.MatchString(behind) || r.known[figure] == nil { // a PIN, or nothing
		part := lastPart.FindString(figure)
		if part == "" {
			break
		}
		figure, behind = strings.TrimSuffix(figure, part), part+behind
	}
	if pointAlone.MatchString(text[:at[2]]) {
		figure = "0." + figure
	}
	means := r.known[figure]
	switch {
	case len(p.Either) == 0 && (len(means) != 1 || means[0] != p.Amount):
		t.Fatalf("%q: %s would be bought, the text says %v", text, p.Amount, means)
	case len(p.Either) > 0 && (len(p.Either) < 2 || !slices.ContainsFunc(means, func(m prepaid.Money) bool { return slices.Contains(p.Either, m) })):
		t.Fatalf("%q: %v are offered, the text says %v", text, p.Either, means)
	case p.complete() && strings.ContainsAny(behind, "0123456789") && !pinBehind.MatchString(behind):
		t.Fatalf("%q: %s would be bought, which is not all that it says", text, p.Amount)
	}
}

// sellingBrand is the demo brand in another country.
func sellingBrand(country string, c prepaid.Currency, least, most, step int64) *prepaid.Brand {
	b := demoBrand()
	of := func(minor int64) prepaid.Money { return prepaid.Money{Minor: minor, Currency: c} }
	b.Country, b.Currency, b.Amounts, b.DefaultAmount = country, c, prepaid.AmountRange{Min: of(least), Max: of(most), Step: of(step)}, prepaid.Money{}
	return b
}

func brandsOfTheWorld() []*prepaid.Brand {
	return []*prepaid.Brand{
		demoBrand(), sellingBrand("CI", "XOF", 100, 10_000, 100), sellingBrand("ID", "IDR", 500_000, 50_000_000, 500_000), sellingBrand("KE", "KES", 1000, 1_000_000, 1000),
		sellingBrand("KW", "KWD", 500, 10_000, 250), sellingBrand("TN", "TND", 1000, 5_000_000, 1000), sellingBrand("CL", "CLP", 1000, 20_000, 1000), sellingBrand("BD", "BDT", 2000, 20_000_000, 1000),
	}
}

func TestAmountsAreReadAsACountryWritesThem(t *testing.T) {
	for country, texts := range map[string]map[string]string{
		"CI": {"1000": "1000", "1.000": "1000", "1,000": "1000", "1 000": "1000", "1'000": "1000", "1000 FCFA": "1000", "1000F": "1000", "1000 F CFA": "1000", "1000 francs": "1000", "1000,00": "1000", "mille": "", "one thousand": "1000", "duizend": "1000", "2k": "2000", "vijfhonderd": "500", "two hundred and fifty": "x250", "500 000": "?", "500.000": "x500000", "1000 000": "?", "2,500 cfa": "2500"},
		"ID": {"10000": "10000.00", "10.000": "10000.00", "Rp10.000": "10000.00", "Rp 10.000,-": "10000.00", "Rp. 10.000,00": "10000.00", "10,000": "10000.00", "10k": "10000.00", "IDR 25.000": "25000.00", "ten thousand rupiah": "10000.00", "100 000": "100000.00", "10": "x10.00"},
		"KE": {"1,000": "1000.00", "1,000.00": "1000.00", "1000/=": "1000.00", "1000/-": "1000.00", "Ksh 1,000": "1000.00", "Ksh1000": "1000.00", "KES.500": "500.00", "500 bob": "500.00", "1.000": "1000.00", "10.000": "10|10000", "100.00": "100.00", "$100": "?"},
		"KW": {"0.500": "0.500", "0,500": "0.500", ".500": "0.500", "1.250": "1.250", "1.25": "1.250", "10.000": "10.000", "5 KD": "5.000", "5.5": "5.500", "5 dinars": "5.000", "0.505": "x0.505", "500": "x500.000"},
		"TN": {"1.000": "1|1000", "1,000": "1|1000", "5 DT": "5.000", "2,000.000": "2000.000", "2.000,000": "2000.000", "10": "10.000"},
		"CL": {"5000": "5000", "$5.000": "5000", "5.000 pesos": "5000", "$ 5.000": "5000", "5 mil": "x5", "cinco": ""},
		"BD": {"1,00,000": "100000.00", "৫০০": "500.00", "500 taka": "500.00", "৳500": "500.00", "Tk. 1,000": "1000.00"},
		"NL": {"10.000": "x10000.00", "10,000": "x10000.00", "€10,-": "10.00", "1.0": "x1.00", "10,5": "x10.50", "vijfenveertig": "45.00", "thirty": "30.00", "honderd": "x100.00", "seven": "x7.00", "zevenenzeventig euro": "x77.00", "drieëndertig": "x33.00"},
	} {
		i := slices.IndexFunc(brandsOfTheWorld(), func(b *prepaid.Brand) bool { return b.Country == country })
		b := brandsOfTheWorld()[i]
		reader := mustReader(t, b)
		for text, want := range texts {
			p := reader.read(tidy(text))
			got := ""
			switch sold := topup.CheckAmount(b, p.Amount) == nil; {
			case p.Unclear:
				got = "?"
			case len(p.Either) > 0:
				slices.SortFunc(p.Either, func(x, y prepaid.Money) int { return int(x.Minor - y.Minor) })
				for _, m := range p.Either {
					got += "|" + m.Typed()
				}
				got = got[1:]
			case !p.Amount.Zero() && sold:
				got = p.Amount.Number()
			case !p.Amount.Zero():
				got = "x" + p.Amount.Number()
			}
			if got != want {
				t.Errorf("%s: %q is read as %q, want %q", country, text, got, want)
			}
		}
	}
}

// What we write must be read as the amount that it is.
func TestAmountsAsWeWriteThemAreReadBack(t *testing.T) {
	for _, b := range brandsOfTheWorld() {
		all, reader := mustPrompts(t, b), mustReader(t, b)
		for minor := b.Amounts.Min.Minor; minor <= b.Amounts.Max.Minor; minor += b.Amounts.Step.Minor {
			m := prepaid.Money{Minor: minor, Currency: b.Currency}
			for code, prompts := range all.ByLanguage {
				for _, text := range []string{prompts.writes.money(m), prompts.writes.typed(m)} {
					p := reader.read(tidy(text + " PIN 4821"))
					if p.Unclear || p.Amount != m && !slices.Contains(p.Either, m) {
						t.Fatalf("%s, %s: %q is read as %+v", b.Country, code, text, p)
					}
				}
			}
		}
	}
}

func TestATextNeverBuysAnotherAmountThanItSays(t *testing.T) {
	pieces := []string{
		"10", "20", "15", "5", "500", "000", "50", "1", "250", "00", "4821", "48211", "48-21", "0612345678", " ", " ", " ", "/", "-", ".", ",", "'", "+", ":", "\n", "€", "euro", "of",
		"pin", "voor mam", "KOOP", "x", "-- ", "٫", "F", "Rp", "/=", "k", "½", "৫",
	}
	random := rand.New(rand.NewPCG(11, 1))
	for _, b := range brandsOfTheWorld() {
		all, slow := mustPrompts(t, b), newSlowReader(b)
		bought := 0
		for range race.Some(4_000) {
			text := ""
			for range 1 + random.IntN(8) {
				text += pieces[random.IntN(len(pieces))]
			}
			for _, typed := range []string{text, "KOOP " + text} { // in answer to the question, and in one text
				turn := Turn{brand: b, all: all, command: all.Words.Read(typed)}
				turn.setText(typed)
				p := turn.readPurchase()
				slow.check(t, turn.purchaseReader().numbers.inDigits(tidy(typed), turn.purchaseReader().sells), p)
				if p.complete() {
					bought++
				}
			}
		}
		if bought < race.Some(50) {
			t.Errorf("%s: %d texts would buy: too few to tell", b.Country, bought)
		}
	}
}
