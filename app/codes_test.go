package app

import (
	"fmt"
	"regexp"
	"strings"
	"sync"
	"testing"

	"pulsa/app/apptest"
	"pulsa/app/config"
	"pulsa/prepaid"
)

// TestSixtyStrangersCostNoMoreCodesThanTheChannelHas lets sixty strangers on Telegram type five numbers each, all at once.
func TestSixtyStrangersCostNoMoreCodesThanTheChannelHas(t *testing.T) {
	const strangers, numbers = 60, 5
	onEveryStore(t, func(t *testing.T, change func(*config.Config)) {
		r := runWired(t, nil, change, Wiring{Clock: apptest.NewSkipClock(), redisPrefix: "codes:" + prepaid.NewToken() + ":"})
		var all sync.WaitGroup
		var mu sync.Mutex
		told := map[string]int{}
		for i := range strangers {
			all.Go(func() {
				from := fmt.Sprintf("+3161999%04d", i)
				say := func(n int, what, text string) string {
					answer, status := r.post(map[string]any{"id": fmt.Sprint(from, n, what), "from": from, "as": "telegram", "text": text})
					if status != 200 {
						t.Errorf("%s: %d %s", text, status, answer)
					}
					return answer
				}
				say(0, "begin", "REGISTER")
				for n := range numbers {
					number := fmt.Sprintf("06%04d%02d00", 1000+i, n) // each in a block of its own
					say(n, "first", number)
					answer := say(n, "second", number)
					mu.Lock()
					switch {
					case strings.Contains(answer, "We sent a code"):
						told["sent"]++
					case strings.Contains(answer, "We can't send codes just now") && strings.Contains(answer, "the button"):
						told["later"]++
					default:
						t.Errorf("answered %q", answer)
					}
					mu.Unlock()
					say(n, "back", "BACK")
				}
			})
		}
		all.Wait()
		const budget = 80 // of a channel's 100, a fifth is for customers
		if told["sent"] != budget || told["later"] != strangers*numbers-budget {
			t.Errorf("told %v", told)
		}
		var messages int
		if err := r.DB.Writer().Get(&messages, `SELECT COUNT(*) FROM outbox WHERE text LIKE '%is your code for%'`); err != nil || messages != budget {
			t.Errorf("%d messages, %v", messages, err)
		}
		page := scrape(t, r.metrics)
		for _, want := range []string{
			`pulsa_codes_sent{brand="demo",channel="fake"} 80`, `pulsa_codes_used{brand="demo",channel="fake"} 0`,
			`pulsa_codes_used_share{brand="demo",channel="fake"} 0`, `pulsa_codes_refused_total{brand="demo",cap="channel",channel="fake"} 220`,
		} {
			if !strings.Contains(page, want+"\n") {
				t.Errorf("missing %s in\n%s", want, strings.Join(regexp.MustCompile(`(?m)^pulsa_codes.*$`).FindAllString(page, -1), "\n"))
			}
		}
	})
}
