package operators_test

import (
	"strings"
	"testing"

	"pulsa/operators"
)

func TestReasonsAreMaskedAndNotLong(t *testing.T) {
	onStores(t, func(h *house) {
		const secret = "PIN 4821, card 1234-5678-9012, +31612345678, 06 12 34 56 78; twice"
		_, err := h.Do(h.Context(), decides, "k", blocking("v"), secret)
		h.ok(err)
		id := h.asked("w")
		_, err = h.Decide(h.Context(), boss, "f", id, operators.Refuse, secret)
		h.ok(err)
		_, err = h.Do(h.Context(), looks, "g", blocking("x"), secret)
		if err == nil {
			t.Error("a viewer may block")
		}
		var said []string
		for _, query := range []string{`SELECT why FROM deeds`, `SELECT why FROM blocks`, `SELECT decided_why || outcome FROM approvals`} {
			var these []string
			h.ok(h.db.Writer().SelectContext(h.Context(), &these, query))
			said = append(said, these...)
		}
		all := strings.Join(said, "\n")
		for _, part := range []string{"4821", "9012", "2345", "34 56", "5678"} {
			if strings.Contains(all, part) {
				t.Errorf("%q is stored: %s", part, all)
			}
		}
		if strings.Count(all, "PIN ****, card ****") < 4 {
			t.Errorf("masked otherwise: %s", all)
		}
		long := strings.Repeat("é", operators.MaxReason)
		_, err = h.Do(h.Context(), decides, "l", blocking("y"), long+"e")
		h.wantError("too long", err, operators.ErrLongReason)
		_, err = h.Decide(h.Context(), decides, "m", h.asked("z"), operators.Agree, long+"e")
		h.wantError("too long", err, operators.ErrLongReason)
		_, err = h.Do(h.Context(), decides, "n", blocking("y"), long)
		h.ok(err)
	})
}
