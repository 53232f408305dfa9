package operators_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
)

// told is a card's story in short.
func (h *cardHouse) told(serial string) string {
	h.Helper()
	s, err := h.shop.Story(h.Context(), serial)
	h.ok(err)
	var lines []string
	for _, step := range s.Steps {
		lines = append(lines, fmt.Sprintf("%s by %s: %s -> %s", step.What, step.By, step.Old, step.New))
	}
	return strings.Join(lines, "\n")
}

func TestACardTellsItsWholeStory(t *testing.T) {
	onCardStores(t, func(h *cardHouse) {
		batch := h.batch(20)
		later := func() { h.clock.AdvanceTo(h.clock.Now().Add(30 * time.Second)) }
		later()
		h.do(cardsman, "lock", operators.LockCard{Brand: "demo", Serial: "101-00000003"})
		h.work()
		later()
		h.do(cardsman, "unlock", h.seen(operators.ReopenCards{OfCards: serials("101-00000002", "101-00000004")}))
		h.work()
		later()
		h.do(cardsman, "extend", h.seen(operators.EditCards{OfCards: serials("101-00000002", "101-00000012"), SetExpires: "2030-12-31"}))
		h.work()
		later()
		h.do(cardsman, "void", h.seen(operators.VoidCards{OfCards: serials("101-00000003", "101-00000003")}))
		h.work()
		want := strings.Join([]string{
			"generate by carl@acme.example:  -> spring, 20 of EUR 10.00, 101-00000001 to 101-00000020, codes of 14 digits",
			"lock by carl@acme.example: generated -> locked",
			"unlock by carl@acme.example: locked -> generated",
			"edit by carl@acme.example: generated -> generated, valid through 2030-12-31",
			"void by carl@acme.example: generated, valid through 2030-12-31 -> void, valid through 2030-12-31",
		}, "\n")
		h.want("the third card", h.told("101-00000003"), want)
		h.want("one that nobody touched", strings.Count(h.told("101-00000020"), "\n"), 0)
		later()
		h.agreed("delete", h.seen(operators.DeleteCards{OfCards: of(batch), Typed: "demo"}))
		h.work()
		h.want("a deleted card", strings.HasSuffix(h.told("101-00000003"), "delete by carl@acme.example: void, valid through 2030-12-31 -> deleted"), true)
		if _, err := h.shop.Story(h.Context(), "101-00000099"); err == nil {
			t.Error("a card that never was has a story")
		}
	})
}

func TestAnIncidentTellsWhatAThiefCanSpend(t *testing.T) {
	onCardStores(t, func(h *cardHouse) {
		h.batch(20)
		h.do(cardsman, "release", h.seen(operators.ReleaseCards{OfCards: serials("101-00000001", "101-00000010")}))
		h.work()
		_, err := h.db.Writer().ExecContext(h.Context(), fmt.Sprintf(`UPDATE cards SET state = 'spent', order_id = 'o' || serial, activated_at = %d, activated_by = '31612345678' WHERE serial IN ('101-00000002', '101-00000009')`, prepaid.Micros(noon)))
		h.ok(err)
		q := operators.CardQuery{FromSerial: "101-00000001", ToSerial: "101-00000012"}
		i, err := h.shop.Incident(h.Context(), q, "2026-03-02", operators.CardPage{Limit: 50})
		h.ok(err)
		h.want("all", fmt.Sprint(i.Cards, i.Worth), "12 EUR 120.00")
		h.want("live", fmt.Sprint(i.LiveNow, i.LiveNowCost), "8 EUR 80.00")
		h.want("spent", fmt.Sprint(i.SpentCards, i.SpentWorth, len(i.Spent.Cards)), "2 EUR 20.00 2")
		i, err = h.shop.Incident(h.Context(), q, "2026-03-03", operators.CardPage{Limit: 50})
		h.ok(err)
		h.want("spent later", fmt.Sprint(i.SpentCards, len(i.Spent.Cards)), "0 0")
	})
}

// A million cards: PULSA_TEST_CARDS=1000000 tells what a preview, a lock and a story cost.
func TestCostOfManyCards(t *testing.T) {
	n := 0
	if _, err := fmt.Sscan(os.Getenv("PULSA_TEST_CARDS"), &n); err != nil {
		t.Skip("set PULSA_TEST_CARDS to how many")
	}
	onCardStores(t, func(h *cardHouse) {
		h.chunk = 5000
		h.shop.Service = h.copy()
		timed := func(what string, do func()) {
			began := time.Now()
			do()
			t.Logf("%s: %s", what, time.Since(began).Round(time.Millisecond))
		}
		timed("made", func() { h.batch(n) })
		timed("a preview of all", func() { h.seen(operators.LockCards{OfCards: operators.OfCards{Brand: "demo", All: true}}) })
		var lock operators.Operation
		timed("a preview of 10,000", func() { lock = h.seen(operators.LockCards{OfCards: serials("101-00400001", "101-00410000")}) })
		timed("a lock of 10,000", func() { h.do(cardsman, "lock", lock); h.work() })
		timed("a story", func() { h.told("101-00405000") })
		timed("an incident of 10,000", func() {
			_, err := h.shop.Incident(h.Context(), operators.CardQuery{FromSerial: "101-00400001", ToSerial: "101-00410000"}, "", operators.CardPage{Limit: 50})
			h.ok(err)
		})
	})
}
