package channels

import (
	"strings"
	"unicode"
)

// Paging cuts a text into screens between which a customer turns by typing.
type Paging struct {
	Max  int    // septets of a screen, its footer included; must leave room above both footers
	More string // the line below a page that another one follows: "98. More"
	Back string // the line below a page that follows another one: "0. Back"; "" for none
	Ends bool   // nothing can be typed below the last page
}

// Pages cuts a plain text. A line is kept whole where that leaves the page half full, a word where there is
// a space. A text that fits is one page without a footer; the empty text is no page.
func (p Paging) Pages(text string) []string {
	var out []string
	for text = strings.TrimSpace(text); text != ""; {
		back := ""
		if len(out) > 0 && p.Back != "" {
			back = "\n" + p.Back
		}
		last := back
		if p.Ends {
			last = ""
		}
		if p.room(last).fitsAll(text) {
			return append(out, text+last)
		}
		more := "\n" + p.More + back
		end := pageEnd(text, fitting(text, p.room(more)))
		out = append(out, strings.TrimRightFunc(text[:end], unicode.IsSpace)+more)
		text = strings.TrimLeftFunc(text[end:], unicode.IsSpace)
	}
	return out
}

// room is what a footer leaves of a page.
func (p Paging) room(footer string) *unitMeter {
	m := &unitMeter{plain: true}
	for _, r := range footer {
		m.add(r)
	}
	m.max = p.Max - m.total
	m.total = 0
	return m
}

func (m *unitMeter) fitsAll(text string) bool { return fitting(text, m) == len(text) && m.fits() }

// pageEnd moves the end of a page back to the end of a line, else of a word.
func pageEnd(text string, end int) int {
	if end >= len(text) || startsWithSpace(text[end:]) {
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
