package channels_test

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
)

// The reference spells the alphabet out by code point and packs unit by unit, without any of the code
// under test.
func referenceSeptets(r rune) int {
	switch {
	case r >= 0x20 && r <= 0x7e && !strings.ContainsRune("`^{}[]\\~|", r):
		return 1
	case strings.ContainsRune("^{}[]\\~|\u20ac\u000c", r):
		return 2
	case strings.ContainsRune("\u000a\u000d\u00a1\u00a3\u00a4\u00a5\u00a7\u00bf\u00c4\u00c5\u00c6\u00c7\u00c9"+
		"\u00d1\u00d6\u00d8\u00dc\u00df\u00e0\u00e4\u00e5\u00e6\u00e8\u00e9\u00ec\u00f1\u00f2\u00f6\u00f8\u00f9\u00fc"+
		"\u0393\u0394\u0398\u039b\u039e\u03a0\u03a3\u03a6\u03a8\u03a9", r):
		return 1
	}
	return 0
}

func referenceSegments(text string) channels.Count {
	gsm := true
	var sizes []int
	for _, r := range text {
		if referenceSeptets(r) == 0 {
			gsm = false
		}
	}
	single, multi := 70, 67
	for _, r := range text {
		if gsm {
			sizes = append(sizes, referenceSeptets(r))
		} else {
			sizes = append(sizes, len(utf16.Encode([]rune{r})))
		}
	}
	want := channels.Count{Encoding: channels.UCS2}
	if gsm {
		want.Encoding = channels.GSM7
		single, multi = 160, 153
	}
	for _, n := range sizes {
		want.Units += n
	}
	if want.Units == 0 {
		return want
	}
	want.Segments = 1
	if want.Units > single {
		room := multi
		for _, n := range sizes {
			if n > room {
				want.Segments++
				room = multi
			}
			room -= n
		}
	}
	return want
}

func TestSegmentsAtTheBoundaries(t *testing.T) {
	a := func(n int) string { return strings.Repeat("a", n) }
	ya := func(n int) string { return strings.Repeat("я", n) }
	for _, test := range []struct {
		name, text string
		want       channels.Count
	}{
		{"empty", "", channels.Count{Encoding: channels.GSM7}},
		{"160 septets are one segment", a(160), channels.Count{Encoding: channels.GSM7, Units: 160, Segments: 1}},
		{"161 are two", a(161), channels.Count{Encoding: channels.GSM7, Units: 161, Segments: 2}},
		{"306 are two", a(306), channels.Count{Encoding: channels.GSM7, Units: 306, Segments: 2}},
		{"307 are three", a(307), channels.Count{Encoding: channels.GSM7, Units: 307, Segments: 3}},
		{"a euro takes two", a(158) + "€", channels.Count{Encoding: channels.GSM7, Units: 160, Segments: 1}},
		{"an escape pair is not split", a(152) + "€" + a(152), channels.Count{Encoding: channels.GSM7, Units: 306, Segments: 3}},
		{"70 UCS-2 units are one", ya(70), channels.Count{Encoding: channels.UCS2, Units: 70, Segments: 1}},
		{"71 are two", ya(71), channels.Count{Encoding: channels.UCS2, Units: 71, Segments: 2}},
		{"135 are three", ya(135), channels.Count{Encoding: channels.UCS2, Units: 135, Segments: 3}},
		{"a surrogate pair is not split", ya(66) + "😀" + ya(66), channels.Count{Encoding: channels.UCS2, Units: 134, Segments: 3}},
		{"one curly quote makes all UCS-2", a(160) + "’", channels.Count{Encoding: channels.UCS2, Units: 161, Segments: 3}},
		{"a broken byte is one unit", "a\xff", channels.Count{Encoding: channels.UCS2, Units: 2, Segments: 1}},
	} {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, channels.Segments(test.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestIsGSM7KnowsEveryCharacter(t *testing.T) {
	for r := rune(0); r < 0x3000; r++ {
		if got, want := channels.IsGSM7(string(r)), referenceSeptets(r) > 0; got != want {
			t.Errorf("IsGSM7(%U) = %v", r, got)
		}
	}
}

func checkSegments(t *testing.T, text string) {
	t.Helper()
	want := referenceSegments(text)
	if diff := cmp.Diff(want, channels.Segments(text)); diff != "" {
		t.Errorf("%q: %s", text, diff)
	}
}

func TestSegmentsAreCountedAsNetworksDo(t *testing.T) {
	for n := range 200 {
		checkSegments(t, strings.Repeat("ab€", n))
		checkSegments(t, strings.Repeat("я😀", n))
	}
}

func FuzzSegments(f *testing.F) {
	for _, seed := range []string{"", "KOOP 10", strings.Repeat("a", 152) + "€b", strings.Repeat("я", 66) + "😀я", "\xff\x00{"} {
		f.Add(seed, uint8(3))
	}
	f.Fuzz(func(t *testing.T, text string, times uint8) {
		checkSegments(t, strings.Repeat(text, int(times%40)))
	})
}

func BenchmarkSegments(b *testing.B) {
	for name, text := range map[string]string{
		"GSM-7": strings.Repeat("EUR 10.00 is credited. ", 13), "UCS-2": strings.Repeat("Вы пополнили счёт. ", 10),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				channels.Segments(text)
			}
		})
	}
}

func TestSeptetsAreWrittenAndReadBack(t *testing.T) {
	for text, want := range map[string]string{
		"@£$ A\n": "\x00\x01\x02 A\n", "€[]": "\x1be\x1b<\x1b>", "àé": "\x7f\x05", "ë😀": "??", "": "",
	} {
		if got := string(channels.EncodeGSM(text)); got != want {
			t.Errorf("%q is written %q, want %q", text, got, want)
		}
	}
	for r := rune(0); r < 0x3000; r++ {
		text := string(r)
		if channels.Septets(r) == 0 {
			continue
		}
		septets := channels.EncodeGSM(text)
		if back := channels.DecodeGSM(septets); back != text || len(septets) != channels.Septets(r) {
			t.Errorf("%q is written %x and read %q", text, septets, back)
		}
	}
	for septets, want := range map[string]string{"\x1bA": "A", "A\x1b": "A", "\x80\xff": "\uFFFD\uFFFD"} {
		if got := channels.DecodeGSM([]byte(septets)); got != want {
			t.Errorf("%x is read %q, want %q", septets, got, want)
		}
	}
}
