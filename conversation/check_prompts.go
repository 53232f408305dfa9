package conversation

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

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

// samples are what the {names} of prompts are filled with to see how long they get: values, and other texts of the language.
func (p *Prompts) samples(b *prepaid.Brand) []string {
	long := b.Amounts.Max
	long.Minor = max(long.Minor, b.Limits.DaySum.Minor, b.Limits.MonthSum.Minor) | 1 // with decimals
	day := p.writes.day(time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	values := []string{
		"amount", p.writes.money(long), "number", "+31612345678", "order", prepaid.OrderID("BKTRMWQXZD").Grouped(), "minutes", "1440", "left", "2", "value", "BKTRMWQXZD12345678",
		"code", "123456", "word", "UNSUBSCRIBE", "languages", "EN, NL", "link", "https://topup.example/pay/bcdfghjklmnpqrstvwxzbcdfghjklmnp",
		"reference", "BCDFGHJKLMNPQRSTVWXZ", "holder", "Wilhelmina van der Grinten-Oudenaarden", "iban", "NL** **** 4300", "date", day, "on", " (" + day + ")",
		"tries", p.count("tries", 2), "unit", p.count("minutes", 1440) + " (" + p.count("hours", 24) + ")", "topups", p.count("topups", 100), "spent", p.writes.money(long), "limit", p.writes.money(long),
		"time", p.writes.hour(time.Date(2026, 11, 21, 23, 59, 0, 0, time.UTC)),
		"place", "WhatsApp +316****5678, " + day, "text", "Top-ups are down until 14:00 today, because the network works on its machines. Sorry!",
	}
	values = append(values, "when", p.Part("day.on_after", values...).Text)
	values = append(values, "why", p.Part("limit.month_sum", values...).Text, "when", p.Part("limit.again", values...).Text) // the last counts
	values = append(values, "explanation", p.longestExplanation())
	return append(values, "question", p.Part("topup.ask_pin", values...).Text, "what", p.Part("session.purchase", values...).Text,
		"share", " "+p.text("registration.share"))
}

// longestExplanation is the longest text that HELP may put into help.within.
func (p *Prompts) longestExplanation() string {
	longest := ""
	for _, key := range p.Keys() {
		text, _ := p.Template(key)
		if strings.HasPrefix(string(key), "help.") && key != "help.idle" && key != "help.within" && len(text) > len(longest) {
			longest = text
		}
	}
	return longest
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
		if known := l.byCode[code]; known != nil {
			faults = append(faults, l.checkTexts(b, known)...)
			faults = append(faults, known.checkMeanings(b, means)...)
		}
	}
	return faults
}

func (l *Languages) checkTexts(b *prepaid.Brand, known *language) []BrandFault {
	var faults []BrandFault
	p := known.compile(b)
	samples := p.samples(b)
	for _, key := range p.Keys() {
		name := string(key)
		text, own := b.Prompts[known.code][name]
		err := p.fits(key, samples)
		f := BrandFault{Brand: b.Name, Language: known.code, Key: name}
		if own {
			err = cmp.Or(l.checkOwn(name, text), err)
		} else {
			f.Place = known.placeOf(inPrompts, name)
		}
		if err != nil {
			f.Text = err.Error()
			faults = append(faults, f)
		}
	}
	return faults
}

// checkMeanings finds the words of a language that mean something else in a language before it, and adds what its own mean.
func (l *language) checkMeanings(b *prepaid.Brand, means map[string]Action) []BrandFault {
	var faults []BrandFault
	for _, action := range slices.Sorted(maps.Keys(l.Keywords)) {
		for _, word := range l.Keywords[action] {
			if other := cmp.Or(means[word], action); other != action {
				faults = append(faults, BrandFault{Brand: b.Name, Language: l.code, Key: "keyword " + word, Place: l.placeOf(inKeywords, string(action)),
					Text: fmt.Sprintf("means %s, and %s in another language of the brand: choose another word", action, other)})
			}
			means[word] = action
		}
	}
	return faults
}

// placeOf is where an entry stands.
func (l *language) placeOf(section, key string) yamlfile.Fault {
	at := l.places[section+"."+key]
	return yamlfile.Fault{File: at.file, Line: at.line}
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
	"topup.ask_wish": {"amount", "number"}, "session.expired": {"what"}, "meant.ask": {"what"}, "meant.purchase": {"amount", "number"}, "pin.wrong": {"question"},
}

// fits says why a prompt lacks what it must show or, filled with long values, does not fit an SMS or a button.
func (p *Prompts) fits(key Key, samples []string) error {
	template, _ := p.Template(key)
	for _, name := range mustShow[key] {
		if !strings.Contains(template, "{"+name+"}") {
			return fmt.Errorf("must show {%s}: it says what will be charged for", name)
		}
	}
	text := p.Part(key, samples...).Text
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
