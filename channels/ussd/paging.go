package ussd

import (
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"pulsa/channels"
)

// paging cuts a text into screens between which a customer turns by typing.
type paging struct {
	max  int    // septets of a screen, its footer included; must leave room above both footers
	more string // the line below a page that another one follows: "98. More"
	back string // the line below a page that follows another one: "0. Back"
	ends bool   // nothing can be typed below the last page
}

// pages cuts a text. It breaks after a line where that leaves the page at least half full, else after a word,
// and within a word only where there is no space. A text that fits is one page without a footer; the empty text is
// no page.
func (p paging) pages(text string) []string {
	var out []string
	bits := bitsFor(text + p.more + p.back)
	room := 7 * p.max
	for text = strings.TrimSpace(text); text != ""; {
		back := ""
		if len(out) > 0 {
			back = "\n" + p.back
		}
		last := back
		if p.ends {
			last = ""
		}
		if bits.of(text)+bits.of(last) <= room {
			return append(out, text+last)
		}
		footer := "\n" + p.more + back
		end := pageEnd(text, bits.fitting(text, room-bits.of(footer)))
		out = append(out, strings.TrimRightFunc(text[:end], unicode.IsSpace)+footer)
		text = strings.TrimLeftFunc(text[end:], unicode.IsSpace)
	}
	return out
}

// bitMeter is how many bits a character takes.
type bitMeter func(rune) int

// bitsFor measures what is sent together with a text: 7 bits a septet, or 16 a unit as soon as one letter is not in GSM-7.
func bitsFor(text string) bitMeter {
	if channels.IsGSM7(text) {
		return func(r rune) int { return 7 * channels.Septets(r) }
	}
	return func(r rune) int { return 16 * max(utf16.RuneLen(r), 1) }
}

func (m bitMeter) of(text string) int {
	n := 0
	for _, r := range text {
		n += m(r)
	}
	return n
}

// fitting is how many bytes of the text fit into so many bits; at least one character, so that cutting always ends.
func (m bitMeter) fitting(text string, room int) int {
	used := 0
	for i, r := range text {
		if used += m(r); used > room && i > 0 {
			return i
		}
	}
	return len(text)
}

// pageEnd moves the end of a page back to the end of a line, else of a word.
func pageEnd(text string, end int) int {
	if end >= len(text) {
		return end
	}
	if next, _ := utf8.DecodeRuneInString(text[end:]); unicode.IsSpace(next) {
		return end
	}
	if line := strings.LastIndexByte(text[:end], '\n'); line > end/2 {
		return line
	}
	if space := strings.LastIndexFunc(text[:end], unicode.IsSpace); space > 0 {
		return space
	}
	return end
}
