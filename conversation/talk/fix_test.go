package talk_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"pulsa/conversation/talk"
)

func TestFixRewritesWhatIsAnsweredAndKeepsTheRest(t *testing.T) {
	for name, c := range map[string]struct{ script, want, note string }{
		"one line, comment kept": {"> KOOP 10 0000\n< {topup.done}  # bought\n", "> KOOP 10 0000\n< {pin.wrong}  # bought\n", ""},
		"a line that matches":    {"> twice\n< That*\n< x\n", "> twice\n< That*\n< {error.unread}\n", ""},
		"a line that is missing": {"> twice\n< {error.unread}\n", "> twice\n< {pin.wrong}\n< {error.unread}\n", ""},
		"no line at all":         {"> twice\n= charged EUR 10.00 never\n", "> twice\n< {pin.wrong}\n< {error.unread}\n= charged EUR 10.00 never\n", ""},
		"a line too many":        {"> KOOP 10 0000\n< x\n  y\n< {pin.wrong}\n", "> KOOP 10 0000\n< {pin.wrong}\n", ""},
		"nothing":                {"> KOOP 10 0000\n< nothing\n", "> KOOP 10 0000\n< {pin.wrong}\n", ""},
		"nothing that is right":  {"> silence\n< x\n< nothing\n", "> silence\n< nothing\n", ""},
		"plain text":             {"> hole\n< x\n", "> hole\n< Dear \\{name}\n", ""},
		"all right":              {"> KOOP 10 0000\n< {pin.wrong}\n", "> KOOP 10 0000\n< {pin.wrong}\n", ""},
		"several turns":          {"> silence\n< x\n> KOOP 10 0000\n< y\n\n# why\n! wait 1m\n< z\n", "> silence\n> KOOP 10 0000\n< {pin.wrong}\n\n# why\n! wait 1m\n", ""},
		"a story that stops":     {"> KOOP 10 0000\n< x\n> panic\n> KOOP 10 0000\n< x\n", "> KOOP 10 0000\n< {pin.wrong}\n> panic\n> KOOP 10 0000\n< x\n", "s.talk:6: the program panicked: oops"},
		"rows that differ": {"> KOOP 10 <pin>\n< x\nexamples:\n| pin |\n| 0000 |\n| 4821 |\n", "> KOOP 10 <pin>\n< x\nexamples:\n| pin |\n| 0000 |\n| 4821 |\n",
			"s.talk:4: not mended: no lines fit all of (sms, en, row 1) (sms, en, row 2)"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := talk.LoadFrom(head+c.script, toyVocabulary())
			if err != nil {
				t.Fatal(err)
			}
			fixed, notes := talk.Fix(t.Context(), &toyMaker{}, s, talk.Options{})
			got := head + c.script
			if len(fixed) > 0 {
				got = string(fixed[0].New)
			}
			if diff := cmp.Diff(head+c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
			if (got == head+c.script) != (len(fixed) == 0) {
				t.Errorf("%d files fixed", len(fixed))
			}
			if !strings.Contains(strings.Join(notes, "\n"), c.note) || c.note == "" && len(notes) > 0 {
				t.Errorf("notes: %q", notes)
			}
		})
	}
}

func TestFixShowsAUnifiedDifference(t *testing.T) {
	s, err := talk.LoadFrom(head+strings.Repeat("# a\n", 8)+"> twice\n< {pin.wrong}\n# b\n> KOOP 10 0000\n< x\n"+strings.Repeat("# c\n", 8)+"> silence\n< z\n", toyVocabulary())
	if err != nil {
		t.Fatal(err)
	}
	fixed, _ := talk.Fix(t.Context(), &toyMaker{}, s, talk.Options{})
	want := `--- s.talk
+++ s.talk
@@ -11,9 +11,10 @@
 # a
 > twice
 < {pin.wrong}
+< {error.unread}
 # b
 > KOOP 10 0000
-< x
+< {pin.wrong}
 # c
 # c
 # c
@@ -23,4 +24,3 @@
 # c
 # c
 > silence
-< z
`
	if diff := cmp.Diff(want, fixed[0].Diff); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestRecordedStoryPassesWhenItIsRun(t *testing.T) {
	typed := `KOOP
0612345678
0612345678
4821
4821
[button "Card"]
! customer completes payment setup
= state idle
= charged EUR 10.00 once
# bought
KOOP 10 4821
KOOP 10 [oops
! explode
! redis lost
! restart
= audit clean
= charged EUR 10.00 once
hole
`
	var shown bytes.Buffer
	script, err := talk.Record(t.Context(), &toyMaker{}, toyVocabulary(), talk.Recording{Name: "Mine", Channel: talk.Telegram}, strings.NewReader(typed), &shown)
	if err != nil {
		t.Fatal(err)
	}
	want := `story: Mine
brand: demo
channel: telegram
language: en
from: +31610000001

> KOOP
< {registration.ask_msisdn}
> 0612345678
< {registration.ask_msisdn_again}
> 0612345678
< {registration.ask_pin}
> [secret 4821]
< {registration.ask_pin_again}
> [secret 4821]
< {registration.ask_method}
> [button "Card"]
< {registration.link}
! customer completes payment setup
< {registration.done}
= state idle
# bought
> KOOP 10 [secret 4821]
< {topup.done}
= charged EUR 10.00 once
> hole
< Dear \{name}
`
	if diff := cmp.Diff(want, script); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
	for _, part := range []string{"[SEPA direct debit]\n  [Card]", "no: charged EUR 10.00 never", "yes\n", "a [ that is not closed", `unknown event "explode"`, "not offered here", "it did not come up", "audit clean: not offered here"} {
		if !strings.Contains(shown.String(), part) {
			t.Errorf("no %q in:\n%s", part, shown.String())
		}
	}
	runs := strings.Replace(want, "> hole\n< Dear \\{name}\n", "", 1)
	if r := play(t, &toyMaker{}, runs); r.Count(talk.Passed) != 1 {
		t.Error(text(t, r))
	}
}

func TestRecordingOfAnUnknownBrandIsAnError(t *testing.T) {
	_, err := talk.Record(t.Context(), &toyMaker{}, toyVocabulary(), talk.Recording{Name: "Mine", Brand: "dmo"}, strings.NewReader(""), &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), `unknown brand "dmo"; did you mean "demo"?`) {
		t.Error(err)
	}
}

func TestFixKeepsWhatNamesKeep(t *testing.T) {
	s, err := loadText(t, head+"> KOOP 10 [secret 4821]\n< {topup.again number=$who}\n> KOOP 10 [secret 4821]\n< {echo text=$gone}\n> echo hello\n< {echo text=$who}\n")
	if err != nil {
		t.Fatal(err)
	}
	fixed, notes := talk.Fix(t.Context(), &toyMaker{}, s, talk.Options{})
	if len(fixed) != 1 || len(notes) > 0 {
		t.Fatalf("%v, %v", fixed, notes)
	}
	_, got, _ := strings.Cut(string(fixed[0].New), "\n> ")
	want := "KOOP 10 [secret 4821]\n< {topup.done number=$who}\n> KOOP 10 [secret 4821]\n< {topup.done}\n> echo hello\n< {echo text=$who}\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestFixKeepsTheValuesThatAreAsExpected(t *testing.T) {
	s, err := loadText(t, head+"> KOOP 10 [secret 4821]\n< {topup.again amount=EUR 10 number=+31*}\n"+
		"> KOOP 15 [secret 4821]\n< {topup.again amount=EUR 10.00}\n\n"+
		"story: In rows\ngiven: customer pin 4821 method sepa\n> KOOP <amount> [secret 4821]\n< {topup.again amount=EUR <amount> number=+31*}\nexamples:\n| amount |\n| 10 |\n| 15 |\n")
	if err != nil {
		t.Fatal(err)
	}
	fixed, notes := talk.Fix(t.Context(), &toyMaker{}, s, talk.Options{})
	if len(fixed) != 1 || len(notes) > 0 {
		t.Fatalf("%v, %v", fixed, notes)
	}
	_, got, _ := strings.Cut(string(fixed[0].New), "\n> ")
	want := "KOOP 10 [secret 4821]\n< {topup.done amount=EUR 10 number=+31*}\n> KOOP 15 [secret 4821]\n< {topup.done}\n\n" +
		"story: In rows\ngiven: customer pin 4821 method sepa\n> KOOP <amount> [secret 4821]\n< {topup.done}\nexamples:\n| amount |\n| 10 |\n| 15 |\n"
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
