package operators_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
)

// awayStaff are people whom the database can't be asked for.
type awayStaff struct{ err error }

func (s awayStaff) Actors(context.Context) ([]operators.Actor, error) { return nil, s.err }

func TestApprovalStaysOpenWhileTheDatabaseDoesNotAnswer(t *testing.T) {
	onStores(t, func(h *house) {
		id := h.asked("v")
		here := h.Staff
		// The database itself fails, so that its error is the one that a store returns.
		gone, cancel := context.WithCancel(h.Context())
		cancel()
		_, away := h.db.People.People(gone)
		h.wantError("away", away, prepaid.ErrDatabase)
		h.Staff = awayStaff{fmt.Errorf("list people: %w", away)}
		r, err := h.Decide(h.Context(), decides, "f", id, operators.Agree, "seen")
		h.ok(err)
		h.want("text", r.Text, "Agreed, but the database did not answer: it is tried again by itself within 2 minutes.")
		h.want("status", h.question(id).Status, operators.ApprovalDeciding)
		h.clock.AdvanceTo(noon.Add(2 * time.Minute))
		_, err = h.RunApprovals(h.Context())
		h.ok(err)
		h.want("status while it is away", h.question(id).Status, operators.ApprovalDeciding)
		h.Staff = here
		h.clock.AdvanceTo(noon.Add(4 * time.Minute))
		_, err = h.RunApprovals(h.Context())
		h.ok(err)
		h.want("status", h.question(id).Status, operators.ApprovalCarried)
		h.want("blocked", h.active(), 1)
		// It does not go on for ever.
		id = h.asked("w")
		fresh := decides
		fresh.FreshAt = h.clock.Now()
		h.Staff = awayStaff{away}
		_, err = h.Decide(h.Context(), fresh, "g", id, operators.Agree, "seen")
		h.ok(err)
		h.clock.AdvanceTo(h.clock.Now().Add(24 * time.Hour))
		_, err = h.RunApprovals(h.Context())
		h.ok(err)
		h.want("status after a day", h.question(id).Status, operators.ApprovalLapsed)
		h.want("blocked after a day", h.active(), 1)
	})
}
