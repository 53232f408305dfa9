package harness

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pulsa/app/config"
	"pulsa/conversation/talk"
	"pulsa/prepaid/race"
)

var storyFolder = filepath.Join("..", "..", "stories")

// unsaid are the prompts that no story can hear, why, and the test that hears them.
var unsaid = map[string]string{
	"help.idle_no_cards":     "as redeem.off",
	"order.again":            "before news whose first sending nobody knows of: app TestNewsAboutMoneyThatNobodyFindsGoesOnceMore",
	"start.welcome_no_cards": "as redeem.off",
	"pin.recovered_no_cards": "as redeem.off",
	"brand.withdrawn":        "a script can't withdraw a brand: app TestABrandIsAddedAndWithdrawnWhileTheProgramRuns",
	"button.back":            "turns the pages of the real USSD adapter",
	"button.contact":         "the label of a button that the fake channel does not name",
	"button.more":            "as button.back",
	"pay.page_over":          "a gateway that can't close its page: TestWhoCompletesAPageThatIsOverIsTold",
	"code.caller":            "no script calls the help desk: TestACallerReadsBackTheCodeThatTheDeskHasSent",
	"code.no_sms":            "a story's one channel carries SMS, too: TestWhileSMSIsOffAForgottenPINIsAnsweredSo",
	"code.stopped":           "no script says STOP at a carrier: TestNoCodeIsSentWhereTheCarrierDeliversNone",
	"code.unreachable":       "the same",
	"help.which":             "no amount of the demo may be two: TestStoriesAbroad",
	"number.no_sms":          "the same: TestWhileSMSIsOffANewNumberIsAnsweredSo",
	"pin.busy":               "stories' PINs are hashed in no time: TestAPINForWhichNoPatienceIsLeftIsNotCounted",
	"pin.weak":               "test brands take any PIN: conversation TestUnderstanding",
	"redeem.off":             "the demo's cards can be redeemed: TestStoriesAbroad",
	"redeem.withdrawn":       "a script can't withdraw a card: TestAWithdrawnCardIsRefused",
	"session.lost":           "another version of the program has left the session: conversation TestSessionsSurviveTheirStore",
	"topup.ask_which":        "the demo's amounts mean one thing however they are written: conversation/abroad",
	"stop.is_out":            "no script says STOP at a carrier: TestNothingIsBoughtWhereTheCarrierDeliversNoAnswer",
	"status.stopped":         "the same: TestStatusTellsOfAnOptOutAtTheCarrier",
	"limit.month_count":      "the demo has no such limit: conversation TestALimitSaysWhyAndWhen",
	"limit.smaller":          "the demo's limits are above its amounts: the same",
	"blocked.address":        "no script blocks anybody: TestWhatOperatorsBlockIsAnsweredWithOneSentence",
	"blocked.number":         "the same",
	"order.goodwill":         "no script gives goodwill: TestGoodwillIsTold",
	"paused.open":            "no script pauses a brand: TestPausedBrandSaysSo",
	"paused.text":            "the same",
	"paused.until":           "the same",
}

// unentered are the states and transitions that no story of the demo can enter.
var unentered = map[string]string{
	"redeem.identify by refused":  "the demo's cards can be redeemed: TestStoriesAbroad",
	"topup.ask_which":             "as below",
	"topup.identify by either":    "the demo's amounts mean one thing however they are written: conversation/abroad",
	"topup.ask_amount by either":  "as above",
	"topup.ask_which by amount":   "as above",
	"topup.ask_which by complete": "as above",
	"topup.ask_which by back":     "as above",
	"topup.place by not_sold":     "settings change while somebody buys: app TestAPurchaseUnderWayIsLedOnWhenItsAmountIsSoldNoLonger",
}

// notBySMS are the transitions that a channel which vouches for its numbers never takes, and why.
var notBySMS = map[string]string{
	"registration.ask_msisdn by shared":       "a contact is shared on a messenger",
	"registration.ask_msisdn_again by shared": "as above",
	"registration.proven by unproven":         "the number's own phone is linked whenever the number is proven",
	"registration.forgot by unproven":         "as above",
	"redeem.identify by nobody":               "the SMS says who sends it",
	"redeem.find_number by whose":             "the SMS says whose number it is",
	"redeem.ask_msisdn":                       "as above",
	"redeem.check_msisdn":                     "as above",
	"redeem.send_code":                        "as above",
	"redeem.ask_proof":                        "as above",
	"redeem.check_proof":                      "as above",
}

// flowEnds are the transitions with which a flow has done what it is for.
var flowEnds = map[string]string{
	"registration": "registration.await_payment by completed",
	"topup":        "topup.place by placed",
	"redeem":       "redeem.place by placed",
	"pin":          "pin.save by saved",
	"pay":          "pay.await_payment by completed",
	"unpay":        "unpay.remove by removed",
	"number":       "number.save by moved",
	"addresses":    "addresses.unlink by unlinked",
	"close":        "close.close by closed",
	"lang":         "lang.save by saved",
	"menu":         "account.ask by back",
	"stop":         "stop.opt_out by done",
	"meant":        "meant.ask by authorised",
}

func storyVocabularyFor(t testing.TB) (config.Config, *talk.Vocabulary) {
	t.Helper()
	known := config.Supported()
	c, err := config.Parse("demo.yaml", config.Demo, func(string) string { return "" }, known)
	if err != nil {
		t.Fatal(err)
	}
	v, err := Vocabulary(c)
	if err != nil {
		t.Fatal(err)
	}
	return c, v
}

func loadAll(t testing.TB, v *talk.Vocabulary, paths ...string) *talk.Scripts {
	t.Helper()
	files, err := Files(paths)
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := talk.Load(files, v)
	if err != nil {
		t.Fatal(err)
	}
	return scripts
}

// play runs stories, on the embedded stores where no addresses are given, and reports those that fail.
func play(t testing.TB, c config.Config, scripts *talk.Scripts, database, redis string) *talk.Report {
	t.Helper()
	m, err := NewMaker(t.Context(), c, database, redis)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}()
	report := talk.Run(t.Context(), m, scripts, talk.Options{})
	if passed := report.Count(talk.Passed); passed < len(scripts.Stories) || passed == 0 {
		var text bytes.Buffer
		if err := report.WriteText(&text, false); err != nil {
			t.Error(err)
		}
		t.Errorf("%d of %d stories passed:\n%s", passed, len(scripts.Stories), withoutPassed(text.String()))
	}
	return report
}

var passedLine = regexp.MustCompile(`(?m)^ok .*\n`)

func withoutPassed(report string) string { return passedLine.ReplaceAllString(report, "") }

// on is a report's part on one kind of channel.
func on(report *talk.Report, channel string) *talk.Report {
	part := &talk.Report{}
	for _, r := range report.Results {
		if r.Story.Channel == channel {
			part.Results = append(part.Results, r)
		}
	}
	return part
}

func TestStories(t *testing.T) {
	c, v := storyVocabularyFor(t)
	scripts := loadAll(t, v, storyFolder)
	if race.Enabled() { // it takes ten times as long, and what it looks for is in a part as well
		keep(scripts, "outages.talk", "crashes.talk", "limits.talk")
		play(t, c, scripts, "", "")
		return
	}
	report := play(t, c, scripts, "", "")

	t.Run("enter every state and transition", func(t *testing.T) {
		var missed bytes.Buffer
		coverage := report.Cover(v.Flows)
		for i := range coverage.Flows {
			f := &coverage.Flows[i]
			f.StatesMissed = slices.DeleteFunc(f.StatesMissed, func(state string) bool { return unentered[state] != "" })
			f.TransitionsMissed = slices.DeleteFunc(f.TransitionsMissed, func(m talk.Transition) bool { return unentered[m.From+" by "+m.Event] != "" })
		}
		if !coverage.Complete() {
			t.Errorf("%v\n%s", coverage.WriteText(&missed), missed.String())
		}
	})
	t.Run("enter on sms all that sms can", func(t *testing.T) {
		for _, f := range on(report, talk.SMS).Cover(v.Flows).Flows {
			for _, missed := range f.TransitionsMissed {
				step := missed.From + " by " + missed.Event
				if notBySMS[step] == "" && notBySMS[missed.From] == "" && unentered[step] == "" {
					t.Errorf("no story goes by sms from %s to %s", step, missed.To)
				}
			}
		}
	})
	t.Run("end every flow well on every kind of channel", func(t *testing.T) {
		for _, kind := range []string{talk.SMS, talk.Telegram, talk.USSD, talk.WhatsApp} {
			for _, f := range on(report, kind).Cover(v.Flows).Flows {
				end, wanted := flowEnds[f.Name]
				missed := slices.ContainsFunc(f.TransitionsMissed, func(m talk.Transition) bool { return m.From+" by "+m.Event == end })
				if missed || !wanted && f.Transitions > 0 {
					t.Errorf("no story comes to the end of %s on %s: %q", f.Name, kind, end)
				}
			}
		}
	})
	t.Run("say every prompt in every language", func(t *testing.T) {
		checkSaid(t, report, v)
	})
	t.Run("crash at every point", func(t *testing.T) {
		checkCrashes(t, report, v)
	})
}

// TestStoriesAbroad plays the stories of brands in other countries.
func TestStoriesAbroad(t *testing.T) {
	folder := filepath.Join("..", "..", "abroad")
	c, err := config.Load(filepath.Join(folder, "brands.yaml"), func(string) string { return "" }, config.Supported())
	if err != nil {
		t.Fatal(err)
	}
	v, err := Vocabulary(c)
	if err != nil {
		t.Fatal(err)
	}
	play(t, c, loadAll(t, v, folder), "", "")
}

// withinOthers are the prompts that stand within others, or go to another phone; those of HELP do, too.
var withinOthers = []string{"code.sms", "registration.share", "pin.ask", "session.what", "session.purchase", "meant.purchase", "addresses.place",
	"limit.day_sum", "limit.day_count", "limit.month_sum", "limit.month_count", "limit.exposure", "limit.again", "limit.later", "limit.smaller",
	"day.today", "day.yesterday", "day.on", "day.today_after", "day.tomorrow_after", "day.on_after", "redeem.used", "redeem.used_by_you"}

// standsWithin reports whether a prompt is no part of a reply by itself.
func standsWithin(key string) bool {
	return strings.HasPrefix(key, "choice.") || strings.HasPrefix(key, "help.") || slices.Contains(withinOthers, key)
}

// checkSaid finds the prompts that are in no reply. Labels of choices, texts to other phones and what stands within a prompt are
// no parts of a reply, so they are looked for by their words.
func checkSaid(t *testing.T, report *talk.Report, v *talk.Vocabulary) {
	brand := v.Brands[0]
	for _, language := range brand.Languages {
		said, words := map[string]bool{}, &strings.Builder{}
		for _, r := range report.Results {
			for _, s := range r.Said {
				if s.By != talk.TheProgram || r.Story.Language != language {
					continue
				}
				for _, key := range s.Keys {
					said[key] = true
				}
				fmt.Fprintln(words, s.Text, strings.Join(s.Buttons, "\n"))
			}
		}
		for _, key := range v.Keys {
			heard := said[key]
			if template, ok := v.Prompt(brand.Name, language, key); ok && standsWithin(key) {
				heard = inWords(template).MatchString(words.String())
			}
			switch why, excused := unsaid[key]; {
			case !heard && !excused:
				t.Errorf("no story says %s in %s: write one in conversation/stories", key, language)
			case heard && excused:
				t.Errorf("a story says %s in %s, though unsaid excuses it: %s", key, language, why)
			}
		}
	}
}

var hole = regexp.MustCompile(`\\\{[a-z_]+\\\}`)

// inWords finds a prompt with anything in its holes.
func inWords(template string) *regexp.Regexp {
	return regexp.MustCompile(hole.ReplaceAllString(regexp.QuoteMeta(template), ".+"))
}

// checkCrashes finds the points at which no purchase is killed and its message delivered again, or nothing comes
// but time.
func checkCrashes(t *testing.T, report *talk.Report, v *talk.Vocabulary) {
	again, alone := map[string]bool{}, map[string]bool{}
	for _, r := range report.Results {
		point, texts := "", 0
		repeated, waited := false, false
		for _, s := range r.Said {
			armed, crash := strings.CutPrefix(s.Text, "crash after ")
			switch {
			case s.By == talk.TheScript && crash:
				point, texts = armed, 0
			case s.By == talk.TheScript && s.Text == "again":
				repeated = repeated || point != ""
			case s.By == talk.TheScript && strings.HasPrefix(s.Text, "wait "):
				waited = waited || point != "" && texts == 1
			case s.By == talk.TheCustomer:
				texts++
			}
		}
		again[point] = again[point] || repeated
		alone[point] = alone[point] || waited && !repeated
	}
	for _, p := range v.Points {
		if !again[p.Name] || !alone[p.Name] {
			t.Errorf("crash after %s: a story in which the message comes again: %v, in which nothing comes: %v", p.Name, again[p.Name], alone[p.Name])
		}
	}
}

// keep leaves the stories of some files, in one language and on sms.
func keep(scripts *talk.Scripts, files ...string) {
	scripts.Stories = slices.DeleteFunc(scripts.Stories, func(s *talk.Story) bool {
		return s.Channel != talk.SMS || s.Language != "en" || !slices.Contains(files, filepath.Base(s.File))
	})
}

// TestStoriesOnServers plays what depends on the stores most, in one language and on sms, on PostgreSQL and Redis; with
// PULSA_STORIES=all it plays every story, with a file's name what that has of them.
func TestStoriesOnServers(t *testing.T) {
	database, redis := os.Getenv("PULSA_TEST_DATABASE_URL"), os.Getenv("PULSA_TEST_REDIS_URL")
	if database == "" || redis == "" {
		t.Skip("PULSA_TEST_DATABASE_URL and PULSA_TEST_REDIS_URL are not both set")
	}
	c, v := storyVocabularyFor(t)
	scripts := loadAll(t, v, storyFolder)
	which := os.Getenv("PULSA_STORIES")
	if which != "all" {
		keep(scripts, "crashes.talk", "outages.talk", "cards.talk", "limits.talk", "pin.talk", "money-payment.talk")
	}
	if strings.HasSuffix(which, ".talk") {
		scripts.Stories = slices.DeleteFunc(scripts.Stories, func(s *talk.Story) bool { return filepath.Base(s.File) != which })
	}
	play(t, c, scripts, database, patient(redis))
}

// tenTurns is a story of ten turns, as often as its table says.
const tenTurns = `story: Copy <n>
given: customer pin 4821 method sepa

> HELP
< {help.idle}
> KOOP
< {topup.ask_amount}
> lots
< {topup.amount_invalid} {topup.ask_amount}
> 10
< {topup.ask_pin}
> [secret 4822]
< {pin.wrong left=2}
> [secret 4821]
< {order.delivered amount=EUR 10.00}
! again
< {order.delivered}
= charged EUR 10.00 once
> KOOP 15 [secret 4821]
< {order.delivered amount=EUR 15.00}
> STATUS
< {order.delivered amount=EUR 15.00} {status.delivered amount=EUR 10.00}
! wait 1h
< nothing
= topped up EUR 10.00 once
= audit clean

examples:
| n |
`

// BenchmarkThousandStories plays a thousand stories of ten turns, and twenty with -short. A thousand are to take 60 s at most
// on two cores.
func BenchmarkThousandStories(b *testing.B) {
	copies := 1000
	if testing.Short() {
		copies = 20
	}
	c, v := storyVocabularyFor(b)
	file := filepath.Join(b.TempDir(), "thousand.talk")
	table := &strings.Builder{}
	for n := range copies {
		fmt.Fprintf(table, "| %d |\n", n+1)
	}
	if err := os.WriteFile(file, []byte(tenTurns+table.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	scripts := loadAll(b, v, file)
	for b.Loop() {
		report := play(b, c, scripts, "", "")
		b.ReportMetric(report.Took.Seconds()/float64(copies)*1000, "s/1000-stories")
		if report.Took > time.Minute {
			b.Errorf("%d stories of ten turns took %s", copies, report.Took.Round(time.Second))
		}
	}
}
