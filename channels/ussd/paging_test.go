package ussd

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/channels"
)

func TestPagesBreakAtLinesThenWords(t *testing.T) {
	forward := paging{max: 40, more: "98. More", back: "0. Back"}
	for _, test := range []struct {
		name, text string
		ends       bool
		want       []string
	}{
		{"nothing", " \n ", false, nil},
		{"what fits has no footer", strings.Repeat("a", 40), false, []string{strings.Repeat("a", 40)}},
		{"a line stays whole", "How do you pay?\n1 Direct debit\n2 Credit or debit card", false,
			[]string{"How do you pay?\n1 Direct debit\n98. More", "2 Credit or debit card\n0. Back"}},
		{"a word stays whole", "What is said here takes more than a page of text", false,
			[]string{"What is said here takes more\n98. More", "than a page of text\n0. Back"}},
		{"no space at all", strings.Repeat("a", 50), false,
			[]string{strings.Repeat("a", 31) + "\n98. More", strings.Repeat("a", 19) + "\n0. Back"}},
		{"what takes two septets counts so", strings.Repeat("€", 21), false,
			[]string{strings.Repeat("€", 15) + "\n98. More", strings.Repeat("€", 6) + "\n0. Back"}},
		{"from the middle one turns both ways", strings.Repeat("word ", 16), false,
			[]string{"word word word word word word\n98. More", "word word word word\n98. More\n0. Back", "word word word word word word\n0. Back"}},
		{"nothing is typed below the last page", strings.Repeat("word ", 12), true,
			[]string{"word word word word word word\n98. More", "word word word word word word"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := forward
			p.ends = test.ends
			if diff := cmp.Diff(test.want, p.pages(test.text)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func FuzzPages(f *testing.F) {
	f.Add("How do you pay?\n1 SEPA\n2 Card", 0, false)
	f.Add(strings.Repeat("€ ", 300), 142, true)
	f.Fuzz(func(t *testing.T, text string, room int, ends bool) {
		text = channels.Plain(strings.ToValidUTF8(text, "?"))
		p := paging{max: 40 + max(room, 0)%300, more: "98. More", back: "0. Back", ends: ends}
		var seen strings.Builder
		pages := p.pages(text)
		for i, page := range pages {
			if units := channels.Segments(page); units.Encoding != channels.GSM7 || units.Units > p.max {
				t.Errorf("page %d: %+v of %d", i, units, p.max)
			}
			body := page
			if i > 0 && (i < len(pages)-1 || !ends) {
				body = strings.TrimSuffix(body, "\n"+p.back)
			}
			if i < len(pages)-1 {
				body = strings.TrimSuffix(body, "\n"+p.more)
			}
			seen.WriteString(body)
		}
		if got, want := strings.Join(strings.Fields(seen.String()), ""), strings.Join(strings.Fields(text), ""); got != want {
			t.Errorf("%q was shown of %q", got, want)
		}
	})
}

func TestOtherLettersThanGSM7TakeMoreRoom(t *testing.T) {
	p := paging{max: 182, more: "98. More", back: "0. Back"}
	pages := p.pages(strings.Repeat("да ", 60))
	if len(pages) < 3 {
		t.Errorf("%d pages", len(pages))
	}
	for _, page := range pages {
		if n := len([]rune(page)); n > 182*7/16 {
			t.Errorf("a page of %d letters: %q", n, page)
		}
	}
}
