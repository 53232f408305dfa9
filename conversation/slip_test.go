package conversation

import (
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"
)

// mutate makes one slip in the words of a text, which end before its first digit: a letter changed, missing or added, two swapped, or a
// blank put wrong.
func mutate(r *rand.Rand, words string) string {
	b := []byte(words)
	letter := func() byte { return byte('A' + r.IntN(26)) }
	for {
		i := r.IntN(len(b))
		switch r.IntN(6) {
		case 0:
			if b[i] == ' ' {
				continue
			}
			c := letter()
			if c == b[i] {
				continue
			}
			b[i] = c
			return string(b)
		case 1:
			return string(slices.Delete(b, i, i+1)) // a blank, too
		case 2:
			return string(slices.Insert(b, i, letter()))
		case 3:
			if i+1 == len(b) || b[i] == b[i+1] {
				continue
			}
			b[i], b[i+1] = b[i+1], b[i]
			return string(b)
		default:
			if i == 0 || b[i] == ' ' || b[i-1] == ' ' {
				continue
			}
			return string(slices.Insert(b, i, ' '))
		}
	}
}

// means reads a text slowly: which action its first words are a keyword of, letter for letter.
func means(w Words, text string) Action {
	tokens := strings.FieldsFunc(text, isWordBreak)
	for first := range tokens {
		for n := min(longestKeyword, len(tokens)-first); n > 0; n-- {
			phrase := tokens[first : first+n]
			last := phrase[n-1]
			if i := strings.IndexFunc(last, func(r rune) bool { return !unicode.IsLetter(r) }); i > 0 {
				phrase = append(slices.Clone(phrase[:n-1]), last[:i])
			}
			if k, ok := w.keywords[strings.Join(phrase, " ")]; ok && !k.Bare {
				return k.Name
			}
		}
		if of := w.around[tokens[first]]; !slices.Contains(of, aroundAny) && !slices.Contains(of, aroundBefore) {
			return ActNone
		}
	}
	return ActNone
}

// TestASlipIsAskedAboutAndNeverDone mutates texts once to three times: 100,000 of them, or as many as PULSA_SLIPS says. None begins a purchase
// or spends a card unless it says so letter for letter, and of 95 in 100 with one slip we ask what was meant.
func TestASlipIsAskedAboutAndNeverDone(t *testing.T) {
	count := 100_000
	if text := os.Getenv("PULSA_SLIPS"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("PULSA_SLIPS: %v", err)
		}
		count = n
	}
	b := demoBrand()
	all, e := mustPrompts(t, b), mustEngine(t)
	texts := []struct {
		words, behind string
		action        Action
	}{
		{"KOOP ", "10 4821", ActTopUp}, {"TOPUP ", "15 4821", ActTopUp}, {"TOP UP ", "20 4821", ActTopUp}, {"OPWAARDEREN ", "25 4821", ActTopUp}, {"RECHARGE ", "10", ActTopUp},
		{"REFILL ", "€10 4821", ActTopUp}, {"HERLADEN ", "10 4821 aub", ActTopUp}, {"OPLADEN ", "10 4821 bedankt", ActTopUp}, {"KOPEN ", "10,- 4821", ActTopUp},
		{"REDEEM ", "12345678901234", ActRedeem}, {"VOUCHER ", "12345678901234", ActRedeem}, {"INWISSELEN ", "1234 5678 9012 34", ActRedeem}, {"WAARDEBON ", "12345678901234", ActRedeem},
		{"KOOP", "", ActTopUp}, {"REDEEM", "", ActRedeem}, {"STATUS", "", ActStatus}, {"HELP", "", ActHelp}, {"HULP", "", ActHelp}, {"REGISTER", "", ActRegister}, {"AANMELDEN", "", ActRegister},
		{"UNSUBSCRIBE", "", ActStop}, {"AFMELDEN", "", ActStop}, {"START", "", ActStart}, {"MENU", "", ActMenu}, {"ACCOUNT", "", ActAccount}, {"PINCODE", "", ActPIN},
	}
	r := rand.New(rand.NewPCG(20261130, 14))
	single, offered := 0, 0
	missed := map[string]int{}
	for range count {
		text := texts[r.IntN(len(texts))]
		times := 1 + max(0, r.IntN(6)-3)
		words := text.words
		for range times {
			if words = mutate(r, words); words == "" {
				words = "X"
			}
		}
		typed := words + text.behind
		meant := means(all.Words, strings.ToUpper(typed))
		turn := bareTurn(t, b, all, &Session{State: idle}, typed)
		turn.readAmountFirst()
		event := e.understand(turn)
		if (event == Event(ActTopUp) || event == Event(ActRedeem)) && string(meant) != string(event) {
			t.Fatalf("%q begins %s: read letter for letter it is %q", typed, event, meant)
		}
		if times > 1 || meant != ActNone || turn.command.Action != ActNone && event != evMeant || turn.said != nil && turn.command.Action != ActNone {
			continue
		}
		single++
		if event == evMeant && turn.session.Meant == text.action {
			offered++
		} else {
			missed[text.words]++
		}
	}
	if single < count/4 || offered*100 < single*95 {
		t.Errorf("of %d texts with one slip, %d are asked about rightly: missed %v", single, offered, missed)
	}
	t.Logf("of %d texts with one slip, %d (%.2f %%) are asked about rightly; missed %v", single, offered, float64(offered)*100/float64(single), missed)
}

func TestNothingIsDoneForASlipBeforeTheAnswer(t *testing.T) {
	tb := mustEngine(t).table
	for _, from := range []string{"meant.read", "meant.check_pin"} {
		for event, tr := range tb.transitions[from] {
			if to := tb.states[tr.To]; to.Act != nil && tr.To != "meant.check_pin" {
				t.Errorf("%s leads from %s to %s, which does something that nobody has agreed to", event, from, tr.To)
			}
		}
	}
}

func TestWhatASlipIs(t *testing.T) {
	all := mustPrompts(t, demoBrand())
	for text, want := range map[string]Action{
		"kopo 10": ActTopUp, "tpo up": ActTopUp, "redeeem": ActRedeem, "KO OP 10": ActTopUp, "koopp": ActTopUp, "please tpo-up 10 4821 thanks": ActTopUp, "kopo10 4821": ActTopUp,
		"topu p 10": ActTopUp, "statsu": ActStatus, "hepl": ActHelp, "STPO": ActStop, "afmeldne": ActStop, "LNAG nl": ActLanguage,
		"4821": ActNone, "48211 4821": ActNone, "pni 4821": ActNone, "loop naar de winkel": ActNone, "the shop is closed": ActNone, "KOOPJE 10": ActNone, "": ActNone,
		strings.Repeat("koop", 20): ActNone,
	} {
		turn := bareTurn(t, demoBrand(), all, &Session{State: idle}, text)
		if s, _ := turn.readSlip(); (s.action == nil) != (want == ActNone) || s.action != nil && s.Name != want {
			t.Errorf("%q: %+v, want %q", text, s, want)
		}
	}
}
