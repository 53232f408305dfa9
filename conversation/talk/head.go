package talk

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"pulsa/prepaid"
)

// head is what stands under "story:", read.
type head struct {
	brand     string
	channels  []string
	languages []string
	from      string
	tags      []string
	now       time.Time
	nowAt     pos
	givens    []Given
	secrets   []string
}

func (b *builder) head(keys []headLine) head {
	var h head
	if len(b.vocabulary.Brands) > 0 {
		h.brand = b.vocabulary.Brands[0].Name
	}
	seen := map[string]bool{}
	for _, k := range keys {
		if seen[k.key] && k.key != "given" {
			b.problems.add(k.pos, "a second "+k.key+": in one story", "write one")
			continue
		}
		seen[k.key] = true
		switch k.key {
		case "brand":
			h.brand = b.brand(k)
		case "channel":
			h.channels = b.list(k, "channel", kinds())
		case "from":
			h.from = b.from(k)
		case "tags":
			h.tags = strings.FieldsFunc(k.value, func(r rune) bool { return r == ',' || unicode.IsSpace(r) })
		}
	}
	brand := b.vocabulary.brand(h.brand)
	for _, k := range keys {
		switch k.key {
		case "language":
			h.languages = b.languages(k, brand)
		case "given":
			b.given(k, brand, &h)
		}
	}
	if h.channels == nil {
		h.channels = []string{SMS}
	}
	if h.languages == nil {
		h.languages = []string{defaultLanguage(brand)}
	}
	return h
}

func defaultLanguage(brand *prepaid.Brand) string {
	if brand == nil || len(brand.Languages) == 0 {
		return "en"
	}
	return brand.Languages[0]
}

func (b *builder) brand(k headLine) string {
	if names := b.vocabulary.brandNames(); len(names) > 0 && !slices.Contains(names, k.value) {
		b.problems.add(k.pos, fmt.Sprintf("unknown brand %q", k.value), instead(k.value, names))
	}
	return k.value
}

func (b *builder) languages(k headLine, brand *prepaid.Brand) []string {
	if brand == nil {
		return b.list(k, "language", nil)
	}
	return b.list(k, "language", brand.Languages)
}

// list reads "sms, telegram". Nil known names are not checked.
func (b *builder) list(k headLine, what string, known []string) []string {
	var names []string
	for _, name := range strings.Split(k.value, ",") {
		name = strings.TrimSpace(name)
		switch {
		case name == "":
			b.problems.add(k.pos, "a "+what+" without a name", "write names with one comma between them")
		case known != nil && !slices.Contains(known, name):
			b.problems.add(k.pos, fmt.Sprintf("unknown %s %q", what, name), instead(name, known))
		case slices.Contains(names, name):
			b.problems.add(k.pos, fmt.Sprintf("%s %s is named twice", what, name), "name it once")
		default:
			names = append(names, name)
		}
	}
	return names
}

func (b *builder) from(k headLine) string {
	if _, err := prepaid.ParseE164(k.value); err != nil {
		b.problems.add(k.pos, fmt.Sprintf("%q is not a number in full", k.value), "write it like +31612345678")
	}
	return k.value
}

func methods() []string { return []string{"sepa", "card", "paypal"} }

func (b *builder) given(k headLine, brand *prepaid.Brand, h *head) {
	words := strings.Fields(k.value + " ?")
	words = words[:max(1, len(words)-1)] // a row's cell may have left nothing
	var g Given
	var err *wrong
	switch words[0] {
	case "customer":
		if slices.ContainsFunc(h.givens, func(g Given) bool { return g.Customer != nil }) {
			err = wrongf("the story's own customer is given once", "a second customer")
			break
		}
		g.Customer, err = givenCustomer(words[1:])
		if err == nil {
			h.secrets = append(h.secrets, g.Customer.PIN.Reveal())
		}
	case "card":
		g.Card, err = givenCard(words[1:], brand)
		if err == nil {
			h.secrets = append(h.secrets, g.Card.Code.Reveal())
		}
	case "now":
		b.givenNow(k, words[1:], h)
		return
	case "automatic":
		if _, _, err = parseRule(words[1:]); err == nil {
			err = wrongf("take the line out until it is there", "given: automatic is not available yet: there is no automatic top-up")
		}
	case "network", "payment":
		var e Event
		e, err = parseEvent(k.value, nil)
		g.Event = &e
	default:
		err = wrongf(instead(words[0], []string{"customer", "card", "automatic", "now", "network", "payment"}), "unknown given %q", words[0])
	}
	if err != nil {
		b.problems.add(k.pos, err.problem, err.want)
		return
	}
	h.givens = append(h.givens, g)
}

// givenNow reads when the story begins. A story's own time counts before that of what it includes.
func (b *builder) givenNow(k headLine, words []string, h *head) {
	now, err := time.Parse("2006-01-02 15:04", strings.Join(words, " "))
	switch {
	case err != nil:
		b.problems.add(k.pos, fmt.Sprintf("%q is not a time", strings.Join(words, " ")), "write now 2028-02-28 09:00, which is UTC")
	case h.nowAt.file == k.file:
		b.problems.add(k.pos, "a second time to begin at", "write one given: now")
	default:
		h.now, h.nowAt = now, k.pos
	}
}

// pairs reads "pin 4821 method sepa"; a word that flags are stands alone.
func pairs(words, names, flags []string) (map[string]string, *wrong) {
	got := map[string]string{}
	for i := 0; i < len(words); i++ {
		name := words[i]
		_, again := got[name]
		switch {
		case again:
			return nil, wrongf("write it once", "%s is said twice", name)
		case slices.Contains(flags, name):
			got[name] = name
		case !slices.Contains(names, name):
			return nil, wrongf(instead(name, append(slices.Clone(names), flags...)), "unknown word %q", name)
		case i+1 == len(words):
			return nil, wrongf("write what it is behind it", "%s says nothing", name)
		default:
			i++
			got[name] = words[i]
		}
	}
	return got, nil
}

func givenCustomer(words []string) (*GivenCustomer, *wrong) {
	const want = "write customer pin 4821 method sepa"
	got, err := pairs(words, []string{"pin", "method"}, nil)
	switch {
	case err != nil:
		return nil, err
	case len(got["pin"]) != 4 || !allDigits(got["pin"]):
		return nil, wrongf(want, "a PIN has four digits")
	case !slices.Contains(methods(), got["method"]):
		return nil, wrongf("write method "+oneOf(methods()), "no method %q", got["method"])
	}
	return &GivenCustomer{PIN: prepaid.NewSecret(got["pin"]), Method: got["method"]}, nil
}

func givenCard(words []string, brand *prepaid.Brand) (*GivenCard, *wrong) {
	const want = "write card 101-00000042 code 12345678901234 amount 10"
	if len(words) == 0 {
		return nil, wrongf(want, "a card without a serial number")
	}
	got, err := pairs(words[1:], []string{"code", "amount", "expires"}, []string{"generated"})
	if err != nil {
		return nil, err
	}
	currency := prepaid.Currency("EUR")
	if brand != nil {
		currency = brand.Currency
	}
	amount, notMoney := prepaid.ParseMoney(got["amount"], currency)
	switch {
	case !serial(words[0]):
		return nil, wrongf(want, "%q is not a serial number", words[0])
	case !allDigits(got["code"]):
		return nil, wrongf(want, "a card's code consists of digits")
	case notMoney != nil || amount.Zero():
		return nil, wrongf(want, "%q is not an amount: %s", got["amount"], cmpError(notMoney, "nothing"))
	}
	if day := got["expires"]; day != "" {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return nil, wrongf("write expires 2026-01-31", "%q is not a day", day)
		}
	}
	return &GivenCard{Serial: words[0], Code: prepaid.NewSecret(got["code"]), Amount: amount,
		Expires: got["expires"], Generated: got["generated"] != ""}, nil
}

func cmpError(err error, otherwise string) string {
	if err != nil {
		return err.Error()
	}
	return otherwise
}

// serial reports whether text looks like a card's serial number: it has a digit, and nothing but digits,
// letters and dashes.
func serial(text string) bool {
	digit := false
	for _, r := range text {
		isDigit := r >= '0' && r <= '9'
		digit = digit || isDigit
		if !isDigit && r != '-' && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return digit
}

func allDigits(text string) bool { return text != "" && strings.Trim(text, "0123456789") == "" }
