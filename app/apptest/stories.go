package apptest

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"pulsa/app/core"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store/scratch"
	"pulsa/topup"
)

// told is what one customer of the demo brand writes, and in how many of a thousand customers' places they stand.
type told struct {
	end   string // of the number: the simulators decide by it
	share int
	texts []string
	ends  topup.Status // where the first order stands when the story is over
}

var stories = []told{
	{"0001", 300, []string{"KOOP 10 " + PIN}, topup.Delivered},
	{"0002", 250, []string{"KOOP 20 " + PIN, "KOOP 10 " + PIN, "KOOP 15 " + PIN}, topup.Delivered},
	{"0003", 200, []string{"KOOP 10 " + PIN, "KOOP 25 " + PIN}, topup.Delivered},
	{"0004", 100, []string{"KOOP 50 " + PIN, "STOP"}, topup.Delivered},
	{"0005", 50, nil, ""},
	{"9001", 60, []string{"KOOP 10 " + PIN}, topup.Declined},
	{"8001", 30, []string{"KOOP 10 " + PIN}, topup.Refunded},
	{"8005", 4, []string{"KOOP 10 " + PIN}, topup.Held},
	{"8008", 6, []string{"KOOP 10 " + PIN}, topup.Delivered},
}

// Numbers of what Crowd plays.
const storyNumbers = "+31610%02d%s"

// Crowd fills the store of a demo that runs on the system's clock with about so many orders of customers in the proportions of a busy
// brand: stories that were played once, each copied with other numbers and ids over the last weeks. What it leaves passes the audit.
func Crowd(t testing.TB, p *core.Program, complete func(context.Context, prepaid.MSISDN) error, server string, orders int) {
	t.Helper()
	ctx := t.Context()
	var played []scratch.Copies
	perThousand := 0
	for i, s := range stories {
		before, err := scratch.Dump(ctx, p.DB)
		if err != nil {
			t.Fatal(err)
		}
		number := fmt.Sprintf(storyNumbers, i, s.end)
		Register(t, p, complete, number)
		for _, text := range s.texts {
			answer, status := Post(t, server, map[string]any{"id": prepaid.NewToken(), "from": number, "text": text})
			if status != http.StatusOK {
				t.Fatalf("%s: %q is answered %d %s", number, text, status, answer)
			}
		}
		Await(t, "the story of "+number+" over", func() bool { return storyOver(t, p, prepaid.MSISDN(number[1:]), s) }, nil)
		after, err := scratch.Dump(ctx, p.DB)
		if err != nil {
			t.Fatal(err)
		}
		copies := scratch.Copies{Story: scratch.StoryOf(before, after), Times: s.share}
		perThousand += s.share * copies.Orders()
		played = append(played, copies)
	}
	for i := range played {
		played[i].Times = min(max(played[i].Times*orders/perThousand, 1), scratch.Most)
	}
	if err := scratch.Multiply(ctx, p.DB, played, 25*24*time.Hour); err != nil {
		t.Fatal(err)
	}
}

// storyOver reports whether the customer's orders stand where the story leaves them, and all was told.
func storyOver(t testing.TB, p *core.Program, m prepaid.MSISDN, s told) bool {
	t.Helper()
	bought := len(s.texts)
	if bought > 0 && !strings.HasPrefix(s.texts[bought-1], "KOOP") {
		bought--
	}
	list, err := p.DB.Orders.List(t.Context(), operators.OrderFilter{Brand: "demo", MSISDN: m})
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != bought {
		return false
	}
	for _, o := range list {
		if o.Status != s.ends {
			return false
		}
	}
	next, err := p.DB.Outbox.NextOutbound(t.Context())
	return err == nil && next.IsZero()
}
