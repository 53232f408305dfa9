package conversation

import (
	"slices"
	"strings"

	"pulsa/prepaid"
	"pulsa/topup"
)

// figure is a number as people write it: runs of digits with the marks of thousands and decimals among them, "1.000,50".
type figure struct {
	text       string
	start, end int
	runs       int // of digits
}

// figureAt joins to the first run of digits those behind it that are part of the same number. A PIN is never: it has four digits, or is
// written as "48-21".
func figureAt(text string, found []number) figure {
	f := figure{start: found[0].start, end: found[0].end, runs: 1}
	for f.runs < len(found) {
		next := found[f.runs]
		mark := text[f.end:next.start]
		joins := len(next.text) == 3 && (mark == "'" || mark == " " && splitPIN(text, found[f.runs:]) == 0) ||
			len(next.text) <= 3 && (mark == "." || mark == ",")
		if !joins {
			break
		}
		f.end = next.end
		f.runs++
	}
	f.text = text[f.start:f.end]
	if before := strings.TrimRight(text[:f.start], ".,"); len(before) == f.start-1 && (before == "" || before[len(before)-1] == ' ') {
		f.text = "0." + f.text // ".50"
	}
	return f
}

// splitPIN is how many runs of digits a text begins with that are one PIN written in parts, "48-21", "4/8/2/1"; 0 for none.
func splitPIN(text string, found []number) int {
	digits := len(found[0].text)
	for i := 1; i < len(found); i++ {
		mark := text[found[i-1].end:found[i].start]
		if mark != "-" && mark != "/" {
			return 0
		}
		if digits += len(found[i].text); digits > 4 {
			return 0
		}
		if last := i+1 == len(found) || found[i].end+1 != found[i+1].start; digits == 4 && last {
			return i + 1
		}
	}
	return 0
}

// amountReader reads figures as amounts of a brand.
type amountReader struct {
	brand   *prepaid.Brand
	decimal string // what begins decimals in the brand's country
}

// read gives all amounts that a figure can mean: with its last mark before decimals, as many as the currency has, and with all marks
// between thousands. Any of the marks that people use may be either, wherever they are.
func (r amountReader) read(f figure) []prepaid.Money {
	var out []prepaid.Money
	add := func(whole, fraction string) {
		text := whole
		if fraction != "" {
			text += "." + fraction
		}
		if m, err := prepaid.ParseMoney(text, r.brand.Currency); err == nil && !slices.Contains(out, m) {
			out = append(out, m)
		}
	}
	last := strings.LastIndexAny(f.text, ".,' ")
	if last < 0 {
		add(f.text, "")
		return out
	}
	mark, fraction := f.text[last], f.text[last+1:]
	if mark == '.' || mark == ',' {
		whole, ok := ungrouped(f.text[:last], mark)
		exact := len(fraction) <= r.brand.Currency.Decimals() || len(fraction) < 3 && strings.Trim(fraction, "0") == ""
		if ok && exact {
			add(whole, fraction)
		}
	}
	if whole, ok := ungrouped(f.text, 0); ok {
		add(whole, "")
	}
	return out
}

// sold gives those of the amounts of a figure that the brand sells. Where one is, "10.000" in a country that writes decimals with a point may
// also be a ten with too many decimals: both are given.
func (r amountReader) sold(f figure, all []prepaid.Money) []prepaid.Money {
	var sold []prepaid.Money
	for _, m := range all {
		if topup.CheckAmount(r.brand, m) == nil {
			sold = append(sold, m)
		}
	}
	if len(sold) == 0 || f.runs == 1 || r.decimal == "" {
		return sold
	}
	whole, isExcess := strings.CutSuffix(f.text, r.decimal+"000")
	if !isExcess {
		return sold
	}
	if whole, ok := ungrouped(whole, r.decimal[0]); ok && r.sells(whole) {
		if m, _ := prepaid.ParseMoney(whole, r.brand.Currency); !slices.Contains(sold, m) {
			sold = append(sold, m)
		}
	}
	return sold
}

// sells reports whether the brand sells an amount that is written plainly.
func (r amountReader) sells(text string) bool {
	m, err := prepaid.ParseMoney(text, r.brand.Currency)
	return err == nil && topup.CheckAmount(r.brand, m) == nil
}

// ungrouped takes the marks out of a number that are between its thousands, or between its lakhs. ok is false where they stand elsewhere,
// are of two kinds, or are the mark of its decimals.
func ungrouped(text string, decimal byte) (digits string, ok bool) {
	first := strings.IndexAny(text, ".,' ")
	if first < 0 {
		return text, text != ""
	}
	mark := text[first]
	groups := strings.Split(text, string(mark))
	last := len(groups) - 1
	if mark == decimal || len(groups[0]) > 3 || groups[0] == "" || groups[0][0] == '0' || len(groups[last]) != 3 {
		return "", false
	}
	lakhs := last > 1 && len(groups[1]) == 2
	for i, group := range groups {
		wrong := i > 0 && i < last && len(group) != 3
		if lakhs {
			wrong = i == 0 && len(group) > 2 || i > 0 && i < last && len(group) != 2
		}
		if wrong || strings.Trim(group, "0123456789") != "" {
			return "", false
		}
	}
	return strings.Join(groups, ""), true
}
