package conversation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/yamlfile"
)

// How many SMS segments a prompt may take: what a customer must agree to word for word is longer. In letters that GSM-7 lacks, a
// segment has room for less than half as many.
const (
	maxSegments        = 2
	maxMandateSegments = 6
	maxButton          = 30 // septets
)

// limit is how many segments a prompt may take.
func (p *Prompts) limit(key string) int {
	limit := maxSegments
	if strings.HasPrefix(key, "mandate.") {
		limit = maxMandateSegments
	}
	if p.anyLetter {
		limit = (limit*gsm7Room + ucs2Room - 1) / ucs2Room
	}
	return limit
}

// What a segment of several has room for, in septets and in units of UCS-2.
const gsm7Room, ucs2Room = 153, 67

// sampleValues are what the {names} of prompts are filled with to see how long they get.
var sampleValues = []string{
	"amount", "EUR 150.00", "number", "+31612345678", "order", "BKTRMWQXZD", "minutes", "1440", "left", "2",
	"question", "EUR 150.00 for +31612345678. Please type your PIN.", "what", "EUR 150.00 for +31612345678",
	"code", "123456", "languages", "EN, NL", "link", "https://topup.example/pay/bcdfghjklmnpqrstvwxzbcdfghjklmnp",
	"reference", "BCDFGHJKLMNPQRSTVWXZ", "holder", "Wilhelmina van der Grinten-Oudenaarden", "iban", "NL** **** 4300", "date", "2026-11-21",
	"place", "+31612345678",
}

// BrandFault is what is wrong with a text or a word, said with a brand's values. It is an error.
type BrandFault struct {
	Brand, Language, Key string
	Place                yamlfile.Fault // where it stands in a language's file; the zero value: the text is the brand's own
	Text                 string         // what is wrong, without brand, language and key
}

// Own reports whether the text is the brand's own.
func (f BrandFault) Own() bool { return f.Place.File == "" }

func (f BrandFault) Error() string {
	if f.Own() {
		return fmt.Sprintf("brand %s: prompts: %s: %s %s", f.Brand, f.Language, f.Key, f.Text)
	}
	return f.InFile().String()
}

// InFile is the fault where it stands in a language's file.
func (f BrandFault) InFile() yamlfile.Fault {
	return yamlfile.Fault{File: f.Place.File, Line: f.Place.Line, Text: fmt.Sprintf("%s %s (brand %s)", f.Key, f.Text, f.Brand)}
}

// CheckBrand finds the texts that, with a brand's values, do not fit an SMS or lack what they must show, and the words that mean
// one thing in one of its languages and another in another: customers may use them all, whatever language they have chosen.
func (l *Languages) CheckBrand(b *prepaid.Brand) []BrandFault {
	var faults []BrandFault
	means := map[string]Action{}
	for _, code := range b.Languages {
		known := l.byCode[code]
		if known == nil {
			continue
		}
		fault := func(entry, key string, own bool, err error) {
			if err == nil {
				return
			}
			f := BrandFault{Brand: b.Name, Language: code, Key: key, Text: err.Error()}
			if at := known.places[entry]; !own {
				f.Place = yamlfile.Fault{File: at.file, Line: at.line}
			}
			faults = append(faults, f)
		}
		p := known.compile(b)
		for _, key := range p.Keys() {
			name := string(key)
			text, own := b.Prompts[code][name]
			err := fits(p, key)
			if own {
				err = cmp.Or(l.checkOwn(name, text), err)
			}
			fault(inPrompts+"."+name, name, own, err)
		}
		for _, action := range slices.Sorted(maps.Keys(known.Keywords)) {
			for _, word := range known.Keywords[action] {
				if other := cmp.Or(means[word], action); other != action {
					fault(inKeywords+"."+string(action), "keyword "+word, false, fmt.Errorf("means %s, and %s in another language of the brand: choose another word", action, other))
				}
				means[word] = action
			}
		}
	}
	return faults
}

// checkOwn finds what is wrong with the {names} of a brand's own text.
func (l *Languages) checkOwn(key, text string) error {
	source, ok := l.source().Prompts[key]
	if !ok {
		return fmt.Errorf("is no prompt%s", didYouMeanKey(key, l.Keys()))
	}
	return newOurNames().check(text, source)
}

// mustShow are the {names} that the texts of questions which lead to a charge can't do without, a brand's own texts included:
// nobody pays for what the question did not name.
var mustShow = map[Key][]string{
	"topup.ask_pin": {"amount", "number"}, "topup.confirm_again": {"amount", "number"}, "session.purchase": {"amount", "number"},
	"session.expired": {"what"}, "pin.wrong": {"question"},
}

// fits says why a prompt lacks what it must show or, filled with long values, does not fit an SMS or a button.
func fits(p *Prompts, key Key) error {
	template, _ := p.Template(key)
	for _, name := range mustShow[key] {
		if !strings.Contains(template, "{"+name+"}") {
			return fmt.Errorf("must show {%s}: it says what will be charged for", name)
		}
	}
	text := p.Part(key, sampleValues...).Text
	begins := text
	if runes := []rune(text); len(runes) > 60 {
		begins = string(runes[:60]) + "..."
	}
	limit := p.limit(string(key))
	if !p.anyLetter && !channels.IsGSM7(text) {
		return fmt.Errorf("is not plain GSM-7, which would double the price of each SMS: %q", begins)
	}
	count := channels.Segments(text)
	if strings.HasPrefix(string(key), "button.") && count.Units > maxButton {
		return fmt.Errorf("takes %d characters, %d at most: shorten %q", count.Units, maxButton, begins)
	}
	if n := count.Segments; n > limit {
		return fmt.Errorf("takes %d SMS segments, %d at most: shorten %q", n, limit, begins)
	}
	return nil
}
