package conversation

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	textlanguage "golang.org/x/text/language"
	"golang.org/x/text/message"
	textnumber "golang.org/x/text/number"

	"pulsa/channels"
	"pulsa/prepaid"
)

// notation is how replies write amounts, dates and times: in one language, for one brand. It is the one place that decides.
//
// What it writes is plain GSM-7, and an amount reads back as the same amount: whole amounts have no decimals, the thousands of five
// digits or more are marked as in the brand's country (lakhs where it counts in them: 1,00,000), and no decimal mark is used that means thousands there.
type notation struct {
	style
	sign        string                    // "€", or the currency's code where it has no sign in GSM-7
	marks       marks                     // of the country; its decimal is written where the language's means thousands
	date, clock string                    // layouts of package time
	local       func(time.Time) time.Time // where the brand sells
}

// writes is how a language's file shows what it writes, by examples.
type writes map[string]string

// The keys of writes.
const (
	writesMoney = "money" // ten euros and a half
	writesDate  = "date"  // the fifth of November 2026
	writesTime  = "time"  // half past two in the afternoon
)

// plainWrites is for a language that does not say.
var plainWrites = writes{writesMoney: "€ 10.50", writesDate: "2026-11-05", writesTime: "14:30"}

// currencySign is how a currency is written where people pay with it.
type currencySign struct {
	sign   string
	behind bool // in every language
}

// writtenSigns are the currencies that have a sign in GSM-7, after CLDR's narrow symbols and local price tags. Others are written with
// their code.
var writtenSigns = map[prepaid.Currency]currencySign{
	"EUR": {"€", false}, "GBP": {"£", false}, "JPY": {"¥", false}, "CNY": {"¥", false},
	"USD": {"$", false}, "CAD": {"$", false}, "AUD": {"$", false}, "NZD": {"$", false}, "MXN": {"$", false}, "CLP": {"$", false},
	"COP": {"$", false}, "ARS": {"$", false}, "SGD": {"$", false}, "HKD": {"$", false},
	"BRL": {"R$", false}, "IDR": {"Rp", false}, "KES": {"Ksh", false},
	"XOF": {"FCFA", true}, "XAF": {"FCFA", true}, "SEK": {"kr", true}, "NOK": {"kr", true}, "DKK": {"kr", true}, "ISK": {"kr", true},
}

// notationOf makes a language's notation for a brand.
func notationOf(w writes, b *prepaid.Brand) notation {
	n := notation{local: b.Local}
	n.date, _ = dateLayout(writtenOr(w, writesDate))
	n.clock, _ = timeLayout(writtenOr(w, writesTime))
	n.style, _ = readStyle(writtenOr(w, writesMoney))
	n.marks = marksOf(b.Country)
	switch s, ok := writtenSigns[b.Currency]; {
	case !ok:
		n.sign, n.space = string(b.Currency), true
	case s.behind:
		n.sign, n.behind, n.space = s.sign, true, true
	default:
		n.sign = s.sign
	}
	return n
}

func writtenOr(w writes, key string) string {
	if text := w[key]; text != "" {
		return text
	}
	return plainWrites[key]
}

// longNumber is from how many digits on thousands are marked: "1000 FCFA", "10.000 Rp".
const longNumber = 5

// money writes an amount that is not negative: "€10", "€10.50".
func (n notation) money(m prepaid.Money) string {
	text, blank := n.typed(m), ""
	if n.space {
		blank = " "
	}
	if n.behind {
		return text + blank + n.sign
	}
	return n.sign + blank + text
}

// typed writes an amount without its currency, as a customer types it: "10", "10.50".
func (n notation) typed(m prepaid.Money) string {
	whole, fraction, _ := strings.Cut(m.Typed(), ".")
	decimal := n.decimal
	if decimal == n.marks.group && (len(fraction) == 3 || len(whole) >= longNumber) {
		decimal = n.marks.decimal
	}
	if len(whole) >= longNumber {
		whole = n.marks.grouped(whole)
	}
	if fraction == "" {
		return whole
	}
	return whole + decimal + fraction
}

// mostAmounts is how many amounts are listed one by one.
const mostAmounts = 8

// amounts lists what may be bought: "10, 20, 50", or "10, 15, 20 ... 50".
func (n notation) amounts(r prepaid.AmountRange) string {
	step := max(r.Step.Minor, 1)
	count := (r.Max.Minor-r.Min.Minor)/step + 1
	at := func(i int64) string {
		return n.typed(prepaid.Money{Minor: r.Min.Minor + i*step, Currency: r.Min.Currency})
	}
	var list []string
	for i := range min(count, mostAmounts) {
		list = append(list, at(i))
	}
	if count > mostAmounts {
		return strings.Join(list[:3], ", ") + " ... " + at(count-1)
	}
	return strings.Join(list, ", ")
}

// marks are how the language that most people of a country write marks numbers.
type marks struct {
	group, decimal string // between thousands ("" writes none), and before decimals
	lakhs          bool   // beyond the thousands digits are marked in twos: 1,00,000
}

// grouped marks the thousands of a whole number.
func (m marks) grouped(digits string) string {
	size := 3
	if m.lakhs {
		size = 2
	}
	for at := len(digits) - 3; at > 0; at -= size {
		digits = digits[:at] + m.group + digits[at:]
	}
	return digits
}

// day writes the date of a time: "5 Nov 2026".
func (n notation) day(at time.Time) string { return n.local(at).Format(n.date) }

// hour writes the time of day: "14:30".
func (n notation) hour(at time.Time) string { return n.local(at).Format(n.clock) }

// marksOf returns the marks of a country, by CLDR as golang.org/x/text has it.
func marksOf(country string) marks {
	region, err := textlanguage.ParseRegion(country)
	if err != nil {
		return marks{decimal: "."}
	}
	tag, _ := textlanguage.Compose(region)
	base, _ := tag.Base()
	if tag, err = textlanguage.Compose(base, region); err == nil {
		tag, err = tag.SetTypeForKey("nu", "latn")
	}
	if err != nil {
		return marks{decimal: "."}
	}
	written := []rune(message.NewPrinter(tag).Sprint(textnumber.Decimal(1234567.5)))
	first := slices.IndexFunc(written, func(r rune) bool { return r < '0' || r > '9' })
	return marks{plainMark(written[first]), plainMark(written[len(written)-2]), first == 2} // 12,34,567.5
}

// plainMark is a mark as people type it.
func plainMark(r rune) string {
	switch r {
	case ',', '\u066b': // the Arabic decimal separator
		return ","
	case '.', '\u066c':
		return "."
	case '\'', '’':
		return "'"
	}
	return " "
}

// style is how a language writes money: where the sign stands, and the decimal mark.
type style struct {
	behind  bool // the sign follows the number
	space   bool // between sign and number
	decimal string
}

// readStyle reads "€10.50", "€ 10,50" and "10,50 €".
func readStyle(example string) (style, error) {
	text := strings.ReplaceAll(example, " ", "")
	number, behind := strings.CutSuffix(text, "€")
	if !behind {
		number = strings.TrimPrefix(text, "€")
	}
	decimal := strings.TrimSuffix(strings.TrimPrefix(number, "10"), "50")
	if number != "10"+decimal+"50" || decimal != "." && decimal != "," || number == text {
		return style{}, errors.New(`shows how the language writes ten euros and a half: "€10.50", "€ 10,50" or "10,50 €"`)
	}
	return style{behind, text != example, decimal}, nil
}

// What of an example stands for what in a layout of package time.
var (
	dateParts = []string{"2026", "2006", "November", "January", "Nov", "Jan", "11", "01", "05", "02", "5", "2"}
	timeParts = []string{"14", "15", "02", "03", "2", "3", "30", "04", "pm", "pm", "PM", "PM"}
)

// layout makes an example a layout of package time that shows all of steps.
func layout(example string, parts []string, steps ...time.Time) (string, error) {
	made := strings.NewReplacer(parts...).Replace(example)
	same := func(at time.Time) bool { return at.Format(made) == example }
	if !same(exampleTime) || slices.ContainsFunc(steps, same) {
		return "", fmt.Errorf("can't be read: %q", example)
	}
	return made, nil
}

var exampleTime = time.Date(2026, 11, 5, 14, 30, 0, 0, time.UTC)

func dateLayout(example string) (string, error) {
	return layout(example, dateParts, exampleTime.AddDate(1, 0, 0), exampleTime.AddDate(0, 1, 0), exampleTime.AddDate(0, 0, 1))
}

func timeLayout(example string) (string, error) {
	return layout(example, timeParts, exampleTime.Add(time.Minute), exampleTime.Add(time.Hour), exampleTime.Add(12*time.Hour))
}

// check says what is wrong with an example.
func (w writes) check(key string) error {
	example := w[key]
	var err error
	switch key {
	case writesMoney:
		_, err = readStyle(example)
	case writesDate:
		if _, wrong := dateLayout(example); wrong != nil {
			err = errors.New(`shows how the language writes the fifth of November 2026: "5 Nov 2026", "05-11-2026"`)
		}
	case writesTime:
		if _, wrong := timeLayout(example); wrong != nil {
			err = errors.New(`shows how the language writes half past two in the afternoon: "14:30", "2:30 pm"`)
		}
	default:
		err = fmt.Errorf("is not known: known are %s, %s, %s", writesMoney, writesDate, writesTime)
	}
	if err == nil && !channels.IsGSM7(example) {
		err = errors.New("is not plain GSM-7")
	}
	return err
}
