package talk_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/conversation/talk"
	"pulsa/prepaid/race"
)

// problemsOf loads a script and returns its errors without the folder's name.
func problemsOf(t testing.TB, script string, beside ...string) []string {
	t.Helper()
	_, err := loadText(t, script, beside...)
	if err == nil {
		return nil
	}
	var all talk.ScriptErrors
	if !errors.As(err, &all) {
		t.Fatalf("not a ScriptErrors: %v", err)
	}
	var lines []string
	for _, e := range all {
		dir := filepath.Dir(e.File)
		lines = append(lines, strings.ReplaceAll(e.Error(), dir+"/", ""))
	}
	return lines
}

func TestWhatIsWrongIsSaidWithItsLine(t *testing.T) {
	const s = "story: S\n"
	const events = `write again, another customer, wait DURATION,`
	for _, c := range []struct {
		name, script string
		want         []string
	}{
		{"empty file", "", []string{`s.talk: no story in this file; begin one with story: NAME`}},
		{"lines before a story", "> KOOP\n", []string{`s.talk:1: this line stands before any story; begin with story: NAME`}},
		{"lines before the first story", "> KOOP\nstory: S\n> KOOP\n", []string{`s.talk:1: this line stands before any story; begin with story: NAME`}},
		{"story without a name", "story:\n> KOOP\n", []string{`s.talk:1: a story without a name; write story: NAME`}},
		{"story without lines", s, []string{`s.talk:1: a story without lines; write > KOOP and < what is answered`}},
		{"unknown key", s + "chanel: sms\n> KOOP\n", []string{`s.talk:2: unknown key "chanel:"; did you mean "channel"?`}},
		{"key in capitals", s + "Brand: demo\n> KOOP\n", []string{`s.talk:2: unknown key "Brand:"; did you mean "brand"?`}},
		{"key that says nothing", s + "brand:\n> KOOP\n", []string{`s.talk:2: brand: says nothing; write brand: demo`}},
		{"key twice", s + "brand: demo\nbrand: demo\n> KOOP\n", []string{`s.talk:3: a second brand: in one story; write one`}},
		{"key after the head", s + "> KOOP\nbrand: demo\n", []string{`s.talk:3: brand: stands after the first line of the story; put it under story:, before the first > or !`}},
		{"unknown brand", s + "brand: dmo\n> KOOP\n", []string{`s.talk:2: unknown brand "dmo"; did you mean "demo"?`}},
		{"unknown channel", s + "channel: sms, pigeon\n> KOOP\n", []string{`s.talk:2: unknown channel "pigeon"; write sms, telegram, ussd, whatsapp or web`}},
		{"channel twice", s + "channel: sms, sms\n> KOOP\n", []string{`s.talk:2: channel sms is named twice; name it once`}},
		{"comma too many", s + "channel: sms,,ussd\n> KOOP\n", []string{`s.talk:2: a channel without a name; write names with one comma between them`}},
		{"unknown language", s + "language: de\n> KOOP\n", []string{`s.talk:2: unknown language "de"; write en or nl`}},
		{"from without plus", s + "from: 0612345678\n> KOOP\n", []string{`s.talk:2: "0612345678" is not a number in full; write it like +31612345678`}},

		{"unknown given", s + "given: custmer pin 4821 method sepa\n> KOOP\n", []string{`s.talk:2: unknown given "custmer"; did you mean "customer"?`}},
		{"given PIN too short", s + "given: customer pin 482 method sepa\n> KOOP\n", []string{`s.talk:2: a PIN has four digits; write customer pin 4821 method sepa`}},
		{"given without method", s + "given: customer pin 4821\n> KOOP\n", []string{`s.talk:2: no method ""; write method sepa, card or paypal`}},
		{"given that ends early", s + "given: customer pin\n> KOOP\n", []string{`s.talk:2: pin says nothing; write what it is behind it`}},
		{"given word", s + "given: customer pin 4821 methd sepa\n> KOOP\n", []string{`s.talk:2: unknown word "methd"; did you mean "method"?`}},
		{"given word twice", s + "given: customer pin 4821 pin 4821\n> KOOP\n", []string{`s.talk:2: pin is said twice; write it once`}},
		{"given customer twice", s + "given: customer pin 4821 method sepa\ngiven: customer pin 4822 method sepa\n> KOOP\n", []string{`s.talk:3: a second customer; the story's own customer is given once`}},
		{"given card", s + "given: card\n> KOOP\n", []string{`s.talk:2: a card without a serial number; write card 101-00000042 code 12345678901234 amount 10`}},
		{"given serial", s + "given: card a code 1234 amount 10\n> KOOP\n", []string{`s.talk:2: "a" is not a serial number; write card 101-00000042 code 12345678901234 amount 10`}},
		{"given code", s + "given: card 101-1 code x amount 10\n> KOOP\n", []string{`s.talk:2: a card's code consists of digits; write card 101-00000042 code 12345678901234 amount 10`}},
		{"given amount", s + "given: card 101-1 code 1234 amount ten\n> KOOP\n", []string{`s.talk:2: "ten" is not an amount: not an amount of money; write card 101-00000042 code 12345678901234 amount 10`}},
		{"given day", s + "given: card 101-1 code 1234 amount 10 expires 31-01-2026\n> KOOP\n", []string{`s.talk:2: "31-01-2026" is not a day; write expires 2026-01-31`}},
		{"given behaviour", s + "given: network explodes\n> KOOP\n", []string{`s.talk:2: unknown event "network explodes"; write network delivers`}},

		{"no space", s + ">KOOP\n", []string{`s.talk:2: no space behind >; write > KOOP`}},
		{"no space in reply", s + "> KOOP\n<*\n", []string{`s.talk:3: no space behind <; write < and a space`}},
		{"unknown line", s + "> KOOP\nKOOP 10\n", []string{`s.talk:3: can't tell what "KOOP 10" is; a line begins with > (the customer texts), < (the reply), = (a fact), ! (an event) or # (a comment)`}},
		{"one space", s + "> KOOP\n *\n", []string{`s.talk:3: a line begins with one space; begin it in the first column, or with two spaces to go on with a reply`}},
		{"further line of no reply", s + "> KOOP\n  10\n", []string{`s.talk:3: only a reply goes on over further lines; begin the line in the first column`}},
		{"reply to nothing", s + "< *\n> KOOP\n", []string{`s.talk:2: a reply to nothing; write a > or ! line before it`}},
		{"empty reply", s + "> KOOP\n<\n", []string{`s.talk:3: a reply that says nothing; write < nothing where nothing is answered, and < * where anything may be`}},
		{"maybe nothing", s + "> KOOP\n<? nothing\n", []string{`s.talk:3: <? nothing means no more than nothing; write < nothing`}},
		{"reply after nothing", s + "> KOOP\n< nothing\n< *\n", []string{`s.talk:4: a reply after < nothing; take one of the two out`}},
		{"open brace", s + "> KOOP\n< {pin.wrong\n", []string{`s.talk:3: a { that is not closed; close it with }; a plain { is \{`}},
		{"open brace further on", s + "> KOOP\n< *\n  {pin\n", []string{`s.talk:4: a { that is not closed; close it with }; a plain { is \{`}},
		{"not a prompt's name", s + "> KOOP\n< {}\n", []string{`s.talk:3: "" is not a prompt's name; write {registration.ask_pin}; a plain { is \{`}},
		{"unknown prompt", s + "> KOOP\n< {pin.wrongg}\n", []string{`s.talk:3: no prompt is called "pin.wrongg"; did you mean "pin.wrong"?`}},
		{"prompt missing in one language", s + "language: en, nl\n> KOOP\n< {registration.ask_pin}\n", []string{`s.talk:4: the prompt registration.ask_pin has no text in nl; write one, or take the language out`}},
		{"unknown value", s + "> KOOP\n< {topup.done amont=1}\n", []string{`s.talk:3: the prompt topup.done has no value "amont"; it has amount, number`}},
		{"value of a prompt without any", s + "> KOOP\n< {pin.wrong n=1}\n", []string{`s.talk:3: the prompt pin.wrong has no value "n"; it has none`}},
		{"not a value", s + "> KOOP\n< {topup.done amount}\n", []string{`s.talk:3: "amount" is not name=value; write {topup.done amount=EUR 10.00}`}},
		{"open quote", s + "> KOOP\n< {topup.done amount=\"EUR}\n", []string{`s.talk:3: the value of amount is not closed; close it with "`}},

		{"open bracket", s + "> [secret 4821\n", []string{`s.talk:2: a [ that is not closed; write [secret 4821], [button "SEPA"], [button "SEPA" of 2], [contact], [contact +31612345678] or [photo]; a plain [ is \[`}},
		{"unknown bracket", s + "> [foto]\n", []string{`s.talk:2: unknown [foto]; write [secret 4821], [button "SEPA"], [button "SEPA" of 2], [contact], [contact +31612345678] or [photo]; a plain [ is \[`}},
		{"empty secret", s + "> [secret]\n", []string{`s.talk:2: a secret that says nothing; write [secret 4821]`}},
		{"button without quotes", s + "> [button SEPA]\n", []string{`s.talk:2: a button without its label in quotes; write [button "SEPA"], or [button "SEPA" of 2] for that of the second newest question that had one`}},
		{"contact", s + "> [contact 0612]\n", []string{`s.talk:2: "0612" is not a phone number; write [contact +31612345678] or [contact 06 1234 5678], or [contact] for one's own`}},
		{"photo with text", s + "> look [photo]\n", []string{`s.talk:2: [photo] with text beside it; send the text on a line of its own`}},
		{"two at once", s + "> [photo][contact]\n", []string{`s.talk:2: [photo] and [contact] in one message; send them on lines of their own`}},

		{"empty fact", s + "=\n", []string{`s.talk:2: a fact that says nothing; write what must be true, like = charged EUR 10.00 once`}},
		{"unknown fact", s + "= chargd EUR 10.00 once\n", []string{`s.talk:2: unknown fact "chargd EUR 10.00 once"; write charged CURRENCY AMOUNT once (or twice, 3 times, never)`}},
		{"fact without count", s + "= charged EUR 10.00\n", []string{`s.talk:2: unknown fact "charged EUR 10.00"; say how often: once, twice, 3 times or never`}},
		{"count", s + "= charged EUR 10.00 thrice\n", []string{`s.talk:2: "thrice" is not a count; write once, twice, 3 times or never`}},
		{"negative count", s + "= charged EUR 10.00 -1 times\n", []string{`s.talk:2: "-1 times" is not a count; write once, twice, 3 times or never`}},
		{"currency", s + "= charged € 10.00 once\n", []string{`s.talk:2: "€" is not a currency; write it like EUR 10.00`}},
		{"decimals", s + "= charged EUR 10.001 once\n", []string{`s.talk:2: "10.001" is not an amount: more decimals than the currency has; write it like EUR 10.00`}},
		{"unknown state", s + "= state registration.ask_pim\n", []string{`s.talk:2: unknown state "registration.ask_pim"; did you mean "registration.ask_pin"?`}},
		{"unknown status", s + "= order done\n", []string{`s.talk:2: unknown order status "done"; write delivered or declined`}},
		{"card word", s + "= card 101-1 spent\n", []string{`s.talk:2: unknown word for a card "spent"; write new, activated, expired, locked or void`}},
		{"card serial", s + "= card x new\n", []string{`s.talk:2: "x" is not a serial number; write it like 101-00000042`}},

		{"empty event", s + "!\n", []string{`s.talk:2: an event that says nothing; write what happens, like ! wait 31m`}},
		{"unknown event", s + "! explode\n", []string{`s.talk:2: unknown event "explode"; ` + events + "*"}},
		{"misspelt event", s + "! restrat\n", []string{`s.talk:2: unknown event "restrat"; write restart`}},
		{"event without its subject", s + "! declines\n", []string{`s.talk:2: unknown event "declines"; ` + events + "*"}},
		{"duration", s + "! wait 31\n", []string{`s.talk:2: "31" is not a time; write a whole number and s, m, h or d, like 40s, 31m, 2h or 30d (at most 3650d)`}},
		{"duration missing", s + "! wait\n", []string{`s.talk:2: unknown event "wait"; write wait DURATION`}},
		{"endless duration", s + "! wait 99999999999999999999d\n", []string{`s.talk:2: "99999999999999999999d" is not a time; write a whole number and s, m, h or d, like 40s, 31m, 2h or 30d (at most 3650d)`}},
		{"unknown point", s + "! crash after chrge\n", []string{`s.talk:2: unknown point "chrge"; did you mean "charge"?`}},
		{"code", s + "! network rejects it-all\n", []string{`s.talk:2: "it-all" is not a code; write one of the network's codes, like INVALID_RECIPIENT_PHONE`}},
		{"number", s + "! customer 0612\n", []string{`s.talk:2: "0612" is not a number in full; write customer +31612345678, another customer, customer completes payment setup, customer abandons payment setup or customer authenticates`}},
		{"again too early", s + "! again\n> KOOP\n", []string{`s.talk:2: nothing was sent that could come again; write a > line before it`}},

		{"examples without a table", s + "> KOOP\nexamples:\n", []string{`s.talk:3: examples: without a table; put it on the lines under it: a row of names like | amount |, then a row for each run`}},
		{"table without rows", s + "> KOOP\nexamples:\n| a |\n", []string{`s.talk:3: a table without rows; write a row for each run under the names`}},
		{"row without examples", s + "> KOOP\n| a |\n", []string{`s.talk:3: a table row with no examples: above it; write "examples:" on the line before the table`}},
		{"row not closed", s + "> <a>\nexamples:\n| a |\n| 1\n", []string{`s.talk:3: a table without rows; write a row for each run under the names`, `s.talk:5: a table row that does not end with |; write | 10 | 1234 |, and \| for a plain |`}},
		{"row too long", s + "> <a>\nexamples:\n| a |\n| 1 |\n| 1 | 2 |\n", []string{`s.talk:6: a row of 2 cells under 1 columns; write one cell for each of a`}},
		{"column twice", s + "> <a>\nexamples:\n| a | a |\n| 1 | 2 |\n", []string{`s.talk:4: two columns are called "a"; give each its own name`}},
		{"column misspelt", s + "> <amuont>\nexamples:\n| amount |\n| 1 |\n", []string{`s.talk:2: no column is called "amuont"; did you mean <amount>?`}},
		{"text behind examples", s + "> KOOP\nexamples: | a |\n| a |\n| 1 |\n", []string{`s.talk:3: nothing may follow examples:; put the table on the lines under it, like | amount |`}},
		{"a cell that is wrong", s + "> KOOP\n! wait <t>\nexamples:\n| t |\n| 1m |\n| 1 |\n", []string{`s.talk:3: "1" is not a time; write a whole number and s, m, h or d, like 40s, 31m, 2h or 30d (at most 3650d)`}},
		{"a cell that leaves nothing", s + "given: <g>\n> KOOP\nexamples:\n| g |\n|  |\n", []string{`s.talk:2: unknown given "?"; write customer, card, automatic, now, network or payment`}},

		{"include that is not there", s + "include: none.talk\n> KOOP\n", []string{`s.talk:2: can't read none.talk: no such file or directory; name a file beside this one, like include: registered.talk`}},
		{"not UTF-8", s + "> KOOP\n< \xff\n", []string{`s.talk:3: not UTF-8 text; save the file as UTF-8`}},
		{"all at once", s + "brand: x\n> [x]\n= x\n! x\n", []string{
			`s.talk:2: unknown brand "x"; write demo`, `s.talk:3: unknown [x]; *`, `s.talk:4: unknown fact "x"; *`, `s.talk:5: unknown event "x"; *`}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := problemsOf(t, c.script)
			for i, want := range c.want {
				if prefix, ok := strings.CutSuffix(want, "*"); ok && i < len(got) && strings.HasPrefix(got[i], prefix) {
					got[i] = want
				}
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

func TestIncludesThatAreWrong(t *testing.T) {
	for name, c := range map[string]struct{ file, want string }{
		"cycle":        {"include: s.talk\n> A\n", "inc.talk:1: the file includes itself: s.talk > inc.talk > s.talk; take one of the includes out"},
		"two stories":  {"story: A\n> A\nstory: B\n> B\n", "s.talk:2: inc.talk holds 2 stories; include a file that holds one, or lines without a head"},
		"own examples": {"> <a>\nexamples:\n| a |\n| 1 |\n", "s.talk:2: inc.talk has examples: of its own; put the table into the story that includes it"},
		"own mistakes": {"> A\n= x\n", "inc.talk:2: unknown fact \"x\""},
	} {
		t.Run(name, func(t *testing.T) {
			got := problemsOf(t, "story: S\ninclude: inc.talk\n> KOOP\n", "inc.talk", c.file)
			if len(got) != 1 || !strings.HasPrefix(strings.ReplaceAll(got[0], "/tmp", ""), c.want) {
				joined := strings.Join(got, "\n")
				if name != "cycle" || !strings.Contains(joined, "inc.talk:1: the file includes itself: ") {
					t.Errorf("got %s", joined)
				}
			}
		})
	}
}

// A file of lines for others to include may be named beside the stories, as a shell's *.talk does.
func TestIncludedFileMayBeNamedToo(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"a.talk": "story: A\ninclude: lines.talk\n> KOOP\n", "lines.talk": "> KOOP\n"} {
		writeFile(t, filepath.Join(dir, name), text)
	}
	s, err := talk.Load([]string{filepath.Join(dir, "lines.talk"), filepath.Join(dir, "a.talk")}, toyVocabulary())
	if err != nil || len(s.Stories) != 1 || s.Stories[0].Turns() != 2 {
		t.Errorf("%v, %v", s, err)
	}
}

func TestFileThatCantBeReadIsAnError(t *testing.T) {
	_, err := talk.Load([]string{"none.talk"}, toyVocabulary())
	if err == nil || errors.Is(err, fs.ErrNotExist) || err.Error() != "none.talk: can't be read: no such file or directory" {
		t.Error(err)
	}
}

func TestMonstersAreAnErrorOrAResultSoon(t *testing.T) {
	race.Skip(t)
	deep := make([]string, 0, 200)
	for i := range 60 {
		deep = append(deep, fmt.Sprintf("i%d.talk", i), fmt.Sprintf("include: i%d.talk\ninclude: i%d.talk\n", i+1, i+1))
	}
	deep = append(deep, "i60.talk", "> KOOP\n")
	rows := "story: S\nchannel: sms, telegram\n> <a>\nexamples:\n| a |\n" + strings.Repeat("| 1 |\n", 9999)
	for name, c := range map[string]struct {
		script string
		beside []string
		ok     bool
	}{
		"a million turns":  {"story: S\n" + strings.Repeat("> x\n", 1_000_000-2), nil, false},
		"ten MB of noise":  {strings.Repeat("xyz\n", 2_500_000), nil, false},
		"noisy lines":      {strings.Repeat(strings.Repeat("x", 99)+"\n", 100_000), nil, false},
		"one long line":    {"story: S\n> " + strings.Repeat("x", 10<<20) + "\n< " + strings.Repeat("*a", 1<<18) + "\n", nil, true},
		"braces":           {"story: S\n> x\n< " + strings.Repeat("{", 10<<20), nil, false},
		"prompts":          {"story: S\n> x\n< " + strings.Repeat("{pin.wrong} ", 1<<17) + "\n", nil, true},
		"too large":        {strings.Repeat("#\n", 9<<20), nil, false},
		"includes doubled": {"story: S\ninclude: i0.talk\n> KOOP\n", deep, false},
		"many rows":        {rows, nil, true},
		"bad facts":        {"story: S\n" + strings.Repeat("= charged EUR 10.0 onze\n", 400_000), nil, false},
		"bad rows":         {strings.Replace(rows, "> <a>", "= charged EUR 10.0 onze\n> <a>", 1), nil, false},
		"short stories":    {strings.Repeat("story: S\n> x\n", 1_000_000), nil, false},
		"zeros":            {strings.Repeat("\x00", 10<<20), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			begun := time.Now()
			s, err := loadText(t, c.script, c.beside...)
			if (err == nil) != c.ok {
				t.Errorf("err = %.300v", err)
			}
			if err != nil && len(err.Error()) > 60_000 {
				t.Errorf("%d bytes of errors", len(err.Error()))
			}
			if c.ok {
				r := talk.Run(t.Context(), &toyMaker{}, s, talk.Options{})
				var b bytes.Buffer
				_ = r.WriteText(&b, false)
			}
			if took := time.Since(begun); took > time.Minute { // it takes two seconds at most, but the machine may be busy
				t.Errorf("took %s", took)
			}
		})
	}
}

func FuzzLoad(f *testing.F) {
	f.Add("story: S\nbrand: demo\n> KOOP [secret 1]\n< {topup.done amount=*} *\n  more\n= charged EUR 10.00 once\n! wait 1m\n")
	f.Add("story: S\ninclude: s.talk\nexamples:\n| a | b\\| |\n| 1 | 2 |\n")
	f.Add("story: S\n> [button \"a\"]\n<? \\*\\{\n< nothing\n")
	f.Fuzz(func(t *testing.T, script string) {
		s, err := talk.LoadFrom(script, toyVocabulary())
		var all talk.ScriptErrors
		if err != nil && !errors.As(err, &all) {
			t.Fatalf("not a ScriptErrors: %v", err)
		}
		for _, e := range all {
			if e.Problem == "" || e.Line > strings.Count(script, "\n")+1 {
				t.Fatalf("%+v", e)
			}
		}
		if err == nil && len(s.Stories) < 20 {
			r := talk.Run(t.Context(), &toyMaker{}, s, talk.Options{})
			for _, w := range []func(*bytes.Buffer) error{
				func(b *bytes.Buffer) error { return r.WriteText(b, false) },
				func(b *bytes.Buffer) error { return r.WriteHTML(b) },
				func(b *bytes.Buffer) error { return r.WriteJUnit(b) },
			} {
				if err := w(&bytes.Buffer{}); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}
