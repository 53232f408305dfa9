package operators_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/store"
	"pulsa/store/storetest"
)

// house is a desk with people, on a real store.
type house struct {
	*testing.T
	*operators.Desk
	db    *store.DB
	clock *prepaid.VirtualClock
}

// staff are people who may sign in.
type staff []operators.Actor

func (s staff) Actors(context.Context) ([]operators.Actor, error) { return s, nil }

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func person(name string, roles ...operators.Role) operators.Actor {
	return operators.Actor{
		Person: operators.PersonID(name), Name: name, Email: name + "@acme.example", Roles: map[string][]operators.Role{"demo": roles}, From: "192.0.2.1", FreshAt: noon,
	}
}

var (
	asks    = person("anna", operators.Support)
	decides = person("ben", operators.Fraud)
	boss    = person("cleo", operators.Admin)
	looks   = person("dirk", operators.Viewer)
	another = operators.Actor{Person: "eva", Email: "eva@acme.example", Roles: map[string][]operators.Role{"other": {operators.Admin}}, FreshAt: noon}
)

// onStores runs a test on both databases.
func onStores(t *testing.T, test func(h *house)) {
	t.Helper()
	for name, open := range map[string]func(testing.TB) *store.DB{"sqlite": storetest.SQLite, "postgres": storetest.Postgres} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := &house{T: t, db: open(t), clock: prepaid.NewVirtualClock(noon)}
			h.Desk = h.desk()
			test(h)
		})
	}
}

// desk is one copy of the server.
func (h *house) desk() *operators.Desk {
	return &operators.Desk{
		Deeds: h.db.Deeds, Forms: h.db.Forms, Approvals: h.db.Approvals, Blocks: h.db.Blocks, Staff: staff{asks, decides, boss, looks, another}, Clock: h.clock,
	}
}

func blocking(value string) operators.AddBlocks {
	return operators.AddBlocks{Brand: "demo", Batch: "batch " + value, All: []operators.Blocked{{Kind: operators.BlockNumber, Value: value, Shows: "+316****5678"}}}
}

func (h *house) ok(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *house) want(what string, got, want any) {
	h.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		h.Errorf("%s: %v; want %v", what, got, want)
	}
}

func (h *house) wantError(what string, got, want error) {
	h.Helper()
	if !errors.Is(got, want) {
		h.Errorf("%s: %v; want %v", what, got, want)
	}
}

// asked has Anna ask for a block.
func (h *house) asked(value string) operators.ApprovalID {
	h.Helper()
	r, err := h.Do(h.Context(), asks, "ask "+value, blocking(value), "ticket 1")
	h.ok(err)
	if r.Asked == "" {
		h.Fatalf("nobody was asked: %+v", r)
	}
	return r.Asked
}

func (h *house) active() int {
	h.Helper()
	all, err := h.db.Blocks.Blocks(h.Context(), operators.BlockFilter{Brand: "demo", Active: true, Now: h.clock.Now(), Limit: 100})
	h.ok(err)
	return len(all)
}

func (h *house) question(id operators.ApprovalID) operators.Approval {
	h.Helper()
	q, err := h.db.Approvals.Approval(h.Context(), id)
	h.ok(err)
	return q
}

// deeds lists what the record says, in the order of writing.
func (h *house) deeds() string {
	h.Helper()
	var lines []string
	h.ok(h.db.Writer().SelectContext(h.Context(), &lines, `SELECT what || ' by ' || who || CASE approved_by WHEN '' THEN '' ELSE ' approved by ' || approved_by END FROM deeds ORDER BY at, what, who`))
	return strings.Join(lines, "; ")
}

func TestApprovalIsCarriedOutOnceByItsAskerWithWhoAgreed(t *testing.T) {
	onStores(t, func(h *house) {
		id := h.asked("v")
		h.want("blocked before", h.active(), 0)
		for _, who := range []operators.Actor{asks, looks} {
			mine, err := h.ForMe(h.Context(), who)
			h.ok(err)
			h.want("for "+who.Name, len(mine), 0)
		}
		for _, who := range []operators.Actor{decides, boss} {
			mine, err := h.ForMe(h.Context(), who)
			h.ok(err)
			h.want("for "+who.Name, len(mine), 1)
		}
		h.clock.AdvanceTo(noon.Add(time.Minute))
		var all sync.WaitGroup
		for i, who := range []operators.Actor{decides, boss, decides, boss} {
			all.Go(func() {
				_, err := h.desk().Decide(h.Context(), who, fmt.Sprint("form ", i), id, operators.Agree, "seen")
				var before *operators.DecidedError
				if err != nil && !errors.As(err, &before) {
					h.Error(err)
				}
			})
		}
		all.Wait()
		q := h.question(id)
		h.want("status", q.Status, operators.ApprovalCarried)
		h.want("blocked", h.active(), 1)
		h.want("deeds", h.deeds(), "ask: block by anna@acme.example; agree: block by "+q.Decided.Who+"; block by anna@acme.example approved by "+q.Decided.Who)
	})
}

func TestApprovalIsRefusedToWhoMayNotDecide(t *testing.T) {
	onStores(t, func(h *house) {
		id := h.asked("v")
		var forbidden *operators.ForbiddenError
		_, err := h.Decide(h.Context(), looks, "f", id, operators.Agree, "seen")
		if !errors.As(err, &forbidden) {
			h.Error(err)
		}
		fraudWhoAsks := decides
		fraudWhoAsks.Person, fraudWhoAsks.Email = asks.Person, asks.Email
		_, err = h.Decide(h.Context(), fraudWhoAsks, "f", id, operators.Agree, "seen")
		h.wantError("own", err, operators.ErrOwnRequest)
		_, err = h.Decide(h.Context(), another, "f", id, operators.Agree, "seen")
		h.wantError("another brand's", err, operators.ErrNoApproval)
		_, err = h.Decide(h.Context(), decides, "f", id, operators.Agree, " ")
		h.wantError("no reason", err, operators.ErrNoReason)
		h.clock.AdvanceTo(noon.Add(6 * time.Minute))
		_, err = h.Decide(h.Context(), decides, "f", id, operators.Agree, "seen")
		h.wantError("not fresh", err, operators.ErrNotFresh)
		_, err = h.DecideOnMachine(h.Context(), id, operators.Agree, prepaid.ByMachine("root", "nobody else is in"))
		h.wantError("on the machine", err, operators.ErrOthersMay)
		h.want("blocked", h.active(), 0)
		h.want("deeds", h.deeds(), "ask: block by anna@acme.example; refused: agree: block by anna@acme.example; refused: agree: block by dirk@acme.example")
	})
}

func TestRefusedApprovalDoesNothing(t *testing.T) {
	onStores(t, func(h *house) {
		id := h.asked("v")
		for range 2 { // sent twice
			r, err := h.Decide(h.Context(), decides, "f", id, operators.Refuse, "not this one")
			h.ok(err)
			h.want("text", r.Text, "Refused: anna@acme.example reads why.")
		}
		q := h.question(id)
		h.want("status", q.Status, operators.ApprovalRefused)
		h.want("outcome", q.Outcome, "It was not done: not this one")
		_, err := h.Decide(h.Context(), boss, "g", id, operators.Agree, "seen")
		var before *operators.DecidedError
		if !errors.As(err, &before) || before.Error() != "ben@acme.example has decided already: it is refused" {
			h.Error(err)
		}
		h.want("blocked", h.active(), 0)
	})
}

func TestApprovalLapsesWhereSomethingChanged(t *testing.T) {
	onStores(t, func(h *house) {
		id := h.asked("v")
		r, err := h.Do(h.Context(), decides, "mine", blocking("v"), "ticket 2")
		h.ok(err)
		_, err = h.Decide(h.Context(), boss, "f", id, operators.Agree, "seen")
		h.ok(err)
		q := h.question(id)
		h.want("status", q.Status, operators.ApprovalLapsed)
		h.want("outcome", q.Outcome, "It was not done: all of it is blocked already")
		// Undone, and asked for again: two of three are blocked when it is asked, none when it is decided.
		id = h.askedFor(blocking("v"), blocking("w"), blocking("x"))
		_, err = h.Do(h.Context(), decides, "undo", r.Undo, "was wrong")
		h.ok(err)
		_, err = h.Decide(h.Context(), boss, "g", id, operators.Agree, "seen")
		h.ok(err)
		q = h.question(id)
		h.want("outcome", q.Outcome, "It was not done: something changed meanwhile: when it was asked, 1 of them were blocked; now 0 of them were blocked")
		h.want("blocked", h.active(), 0)
	})
}

func TestApprovalLapsesWhereItsAskerMayNotAnyMore(t *testing.T) {
	demoted := asks
	demoted.Roles = map[string][]operators.Role{"demo": {operators.Viewer}}
	for name, now := range map[string]staff{"left": {decides, boss}, "lost the role": {demoted, decides, boss}} {
		t.Run(name, func(t *testing.T) {
			onStores(t, func(h *house) {
				id := h.asked("v")
				h.Staff = now
				if _, err := h.Now(h.Context(), h.question(id)); err == nil {
					t.Error("the page still offers to agree")
				}
				_, err := h.Decide(h.Context(), decides, "f", id, operators.Agree, "seen")
				h.ok(err)
				q := h.question(id)
				h.want("status", q.Status, operators.ApprovalLapsed)
				h.want("outcome", q.Outcome, "It was not done: who asked for it may not do it any more")
				h.want("blocked", h.active(), 0)
			})
		})
	}
}

// askedFor has Anna ask for several in one.
func (h *house) askedFor(several ...operators.AddBlocks) operators.ApprovalID {
	h.Helper()
	one := operators.AddBlocks{Brand: "demo", Batch: "several"}
	for _, s := range several {
		one.All = append(one.All, s.All...)
	}
	r, err := h.Do(h.Context(), asks, "several", one, "ticket 3")
	h.ok(err)
	return r.Asked
}

func TestApprovalLapsesAfterSevenDays(t *testing.T) {
	onStores(t, func(h *house) {
		id := h.asked("v")
		h.clock.AdvanceTo(noon.Add(7 * 24 * time.Hour))
		fresh := decides
		fresh.FreshAt = h.clock.Now()
		_, err := h.Decide(h.Context(), fresh, "f", id, operators.Agree, "seen")
		var late *operators.DecidedError
		if !errors.As(err, &late) || late.Error() != "nobody has decided within 7 days" {
			h.Error(err)
		}
		done, err := h.RunApprovals(h.Context())
		h.ok(err)
		h.want("done", done, 1)
		q := h.question(id)
		h.want("status", q.Status, operators.ApprovalLapsed)
		h.want("outcome", q.Outcome, "nobody has decided within 7 days")
		h.want("deeds", h.deeds(), "ask: block by anna@acme.example; lapsed: block by pulsa")
	})
}

// crash has a copy of the server die at a point.
func (h *house) crash(point string, do func(*operators.Desk)) {
	h.Helper()
	died := fmt.Sprint("dies at ", point)
	defer func() {
		if r := recover(); r != died {
			h.Fatalf("%v; want to die at %s", r, point)
		}
	}()
	d := h.desk()
	d.Reached = func(at string) {
		if at == point {
			panic(died)
		}
	}
	do(d)
}

func TestApprovalThatWasCutOffIsTakenUpAndDoneOnce(t *testing.T) {
	for _, point := range []string{"agreed", "approval carried"} {
		t.Run(point, func(t *testing.T) {
			onStores(t, func(h *house) {
				id := h.asked("v")
				h.crash(point, func(d *operators.Desk) { _, _ = d.Decide(h.Context(), decides, "f", id, operators.Agree, "seen") })
				h.want("status", h.question(id).Status, operators.ApprovalDeciding)
				done, err := h.RunApprovals(h.Context())
				h.ok(err)
				h.want("done while it is leased", done, 0)
				again, err := h.Decide(h.Context(), decides, "f", id, operators.Agree, "seen")
				h.ok(err)
				if !strings.HasPrefix(again.Text, "This form was sent before") {
					h.Error(again.Text)
				}
				h.clock.AdvanceTo(h.clock.Now().Add(2 * time.Minute))
				var all sync.WaitGroup
				for range 3 {
					all.Go(func() {
						if _, err := h.desk().RunApprovals(h.Context()); err != nil {
							h.Error(err)
						}
					})
				}
				all.Wait()
				h.want("status", h.question(id).Status, operators.ApprovalCarried)
				h.want("blocked", h.active(), 1)
				h.want("deeds", strings.Count(h.deeds(), "block by anna@acme.example approved by ben@acme.example"), 1)
			})
		})
	}
}

func TestApprovalIsDecidedOnTheMachineWhereNobodyElseMay(t *testing.T) {
	onStores(t, func(h *house) {
		id := h.asked("v")
		h.Staff = staff{asks, looks, another}
		_, err := h.DecideOnMachine(h.Context(), id, operators.Agree, prepaid.ByMachine("root", ""))
		h.wantError("no reason", err, operators.ErrNoReason)
		_, err = h.DecideOnMachine(h.Context(), id, operators.Agree, prepaid.ByMachine("root", "nobody else is in"))
		h.ok(err)
		h.want("blocked before a server looks", h.active(), 0)
		_, err = h.RunApprovals(h.Context())
		h.ok(err)
		h.want("blocked", h.active(), 1)
		h.want("deeds", h.deeds(), "agree: block by root; ask: block by anna@acme.example; block by anna@acme.example approved by root, on the machine")
	})
}

func TestFormDoesItsWorkOnce(t *testing.T) {
	onStores(t, func(h *house) {
		var all sync.WaitGroup
		for range 4 {
			all.Go(func() {
				if _, err := h.desk().Do(h.Context(), decides, "k", blocking("v"), "why"); err != nil {
					h.Error(err)
				}
			})
		}
		all.Wait()
		h.want("blocked", h.active(), 1)
		r, err := h.Do(h.Context(), decides, "k", blocking("v"), "why")
		h.ok(err)
		h.want("first result", r.Text, "1 blocked: every copy of the server knows within 5 seconds.")
		h.want("undo", r.Undo, operators.Unblock{Brand: "demo", Batch: "batch v"})
		_, err = h.Do(h.Context(), decides, "k", blocking("w"), "why")
		h.wantError("other words", err, operators.ErrFormUsed)
		_, err = h.Do(h.Context(), decides, "", blocking("w"), "why")
		h.wantError("no key", err, operators.ErrNoForm)
		_, err = h.Do(h.Context(), decides, "failed", blocking("v"), "why")
		h.wantError("blocked already", err, operators.ErrBlockedBefore)
		_, err = h.Do(h.Context(), decides, "failed", blocking("w"), "why")
		h.ok(err) // a form that did nothing may be sent again
		h.want("deeds", h.deeds(), "block by ben@acme.example; block by ben@acme.example")
	})
}

func TestFormThatWasCutOffIsNotDoneAgain(t *testing.T) {
	for point, says := range map[string]string{
		"form begun":   "This form is being carried out, or was cut off: look before you send another.",
		"form carried": "This form was sent before, and its work is begun or done: look before you send another.",
	} {
		t.Run(point, func(t *testing.T) {
			onStores(t, func(h *house) {
				h.crash(point, func(d *operators.Desk) { _, _ = d.Do(h.Context(), decides, "k", blocking("v"), "why") })
				r, err := h.Do(h.Context(), decides, "k", blocking("v"), "why")
				h.ok(err)
				h.want("says", r.Text, says)
				h.want("blocked", h.active() == 1, point == "form carried")
			})
		})
	}
}
