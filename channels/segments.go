package channels

import "unicode/utf8"

// Encoding is how an SMS is carried.
type Encoding string

// The encodings.
const (
	GSM7 Encoding = "GSM-7" // counted in septets
	UCS2 Encoding = "UCS-2" // counted in UTF-16 units
)

// Count is what an SMS is billed by.
type Count struct {
	Encoding Encoding
	Units    int
	Segments int // 0 for the empty text
}

// Segments counts a text as networks do: 160 septets in one segment or 153 each in several; 70 and 67
// UTF-16 units as soon as one character is not GSM-7. Neither an escaped character nor a surrogate pair
// is split over a boundary. A byte that is not UTF-8 counts as one unknown character.
func Segments(text string) Count {
	m := newSegmentMeter(text)
	for _, r := range text {
		m.add(r)
	}
	return Count{m.encoding, m.total, m.segments()}
}

// meter counts how much of a message a text fills, character by character.
type meter interface {
	add(r rune)
	fits() bool
	reset() // begins with another part
}

// segmentMeter counts segments.
type segmentMeter struct {
	encoding      Encoding
	single, multi int // units in an only segment, and in one of several
	total         int
	full          int // segments of several that are full
	used          int // units of the one being filled
	max           int // segments allowed; 0: any number
}

func newSegmentMeter(text string) segmentMeter {
	if IsGSM7(text) {
		return segmentMeter{encoding: GSM7, single: 160, multi: 153}
	}
	return segmentMeter{encoding: UCS2, single: 70, multi: 67}
}

func (m *segmentMeter) add(r rune) {
	units := utf16Units(r)
	if m.encoding == GSM7 {
		units = Septets(r)
	}
	m.total += units
	if m.used+units > m.multi {
		m.full++
		m.used = 0
	}
	m.used += units
}

func (m *segmentMeter) reset() { m.total, m.full, m.used = 0, 0, 0 }

func (m *segmentMeter) segments() int {
	switch {
	case m.total == 0:
		return 0
	case m.total <= m.single:
		return 1
	}
	return m.full + 1
}

func (m *segmentMeter) fits() bool { return m.max == 0 || m.segments() <= m.max }

// unitMeter counts the units of a message that is not cut into segments.
type unitMeter struct {
	plain      bool // septets, else UTF-16 units
	total, max int
}

func (m *unitMeter) add(r rune) {
	if m.plain {
		m.total += Septets(r)
	} else {
		m.total += utf16Units(r)
	}
}

func (m *unitMeter) reset() { m.total = 0 }

func (m *unitMeter) fits() bool { return m.max == 0 || m.total <= m.max }

// utf16Units is how many UTF-16 units a character takes.
func utf16Units(r rune) int {
	if r > 0xffff && r <= utf8.MaxRune {
		return 2
	}
	return 1
}
