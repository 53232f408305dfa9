package operators_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"testing"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
)

var start = time.Date(2026, 11, 1, 9, 0, 0, 0, time.UTC)

// desk is a store with one order, which is held.
type desk struct{ order topup.History }

func newDesk() desk {
	return desk{topup.History{
		Order: topup.Order{ID: "BKTRMWQXZD", Brand: "demo", MSISDN: "31612345678", Amount: prepaid.Money{Minor: 1000, Currency: "EUR"},
			Status: topup.Held, StatusAt: start, Funding: topup.FundingRef{Kind: topup.ByCharge}, ByPIN: true, NeedsHuman: true},
		Charge:   topup.Charge{Status: topup.ChargeCaptured},
		Attempts: []topup.Attempt{{Number: 1, Step: topup.StepCharge}},
		Sale:     &topup.Sale{Number: 7, DebitedAt: start},
	}}
}

func (d desk) operations() operators.Orders {
	return operators.Orders{Orders: d, Sales: d, Ledger: d, Notices: d, Deeds: deeds{}, Clock: prepaid.NewVirtualClock(start)}
}

// Look implements operators.OrderReader.
func (d desk) Look(context.Context, operators.OrderFilter, int) (operators.OrderCursor, error) {
	return operators.OrderCursor{}, nil
}

func (d desk) List(context.Context, operators.OrderFilter) ([]topup.Order, error) {
	return []topup.Order{d.order.Order}, nil
}

func (d desk) Order(_ context.Context, id prepaid.OrderID) (topup.History, error) {
	if id != d.order.ID {
		return topup.History{}, topup.ErrNoOrder
	}
	return d.order, nil
}

func (d desk) Passages(context.Context, prepaid.OrderID) ([]operators.Passage, error) {
	return []operators.Passage{{From: topup.Requested, To: topup.Held, At: start}}, nil
}

func (d desk) HasPIN(context.Context, prepaid.OrderID) (bool, error) { return true, nil }

func (d desk) OrderOfSale(_ context.Context, transaction int64) (prepaid.OrderID, error) {
	if transaction != d.order.Sale.Number {
		return "", topup.ErrNoOrder
	}
	return d.order.ID, nil
}

func (d desk) Entries(context.Context, prepaid.OrderID) ([]topup.Entry, error) {
	return []topup.Entry{{Kind: "capture", Postings: []topup.Posting{{Account: "psp:sim", Amount: d.order.Amount}}}}, nil
}

func (d desk) OfOrder(context.Context, prepaid.OrderID) ([]operators.Notice, error) {
	return []operators.Notice{{About: prepaid.NoticeOrder, DueAt: start}}, nil
}

type deeds struct{}

func (deeds) Of(context.Context, operators.Object) ([]operators.RecordedDeed, error) {
	return []operators.RecordedDeed{{Deed: prepaid.Deed{What: "refund", By: prepaid.By{Who: "anna", Why: "waits"}, New: prepaid.Begun, At: start}}}, nil
}

// names returns the names of a value's JSON fields, sorted.
func names(t *testing.T, v any) []string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(text, &fields); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(fields))
}

func TestADossierHasAllThatIsKnownOfAnOrder(t *testing.T) {
	d, err := newDesk().operations().Show(t.Context(), "7") // the developer's transaction
	if err != nil {
		t.Fatal(err)
	}
	row := []string{"id", "brand", "customer", "number", "amount", "currency", "funding", "method", "provider", "status", "reason", "needs_human",
		"created_at", "status_at", "next_at", "after_debit", "network_ref", "authorised_by"}
	got := names(t, d)
	for _, name := range append(row, "pin", "charge", "sale", "attempts", "history", "postings", "notices", "by_hand", "allowed_now") {
		if !slices.Contains(got, name) {
			t.Errorf("programs read %s, and the dossier has no such field: %q", name, got)
		}
	}
	if d.Number != "+316****5678" || !slices.Equal(d.Allowed, []topup.OperatorAction{topup.RefundOrder}) || d.Sale.DebitedAt == nil || len(d.Postings) != 1 {
		t.Errorf("%+v", d)
	}
}

func TestAColumnOfTheListIsAFieldOfTheRow(t *testing.T) {
	list, err := newDesk().operations().List(t.Context(), operators.OrderFilter{})
	if err != nil {
		t.Fatal(err)
	}
	fields := names(t, list.Orders[0])
	for _, cell := range list.Orders[0].Cells() {
		if !slices.Contains(fields, cell[0]) {
			t.Errorf("a row has no field %s: it has %q", cell[0], fields)
		}
	}
}

func TestAnOrderThatDoesNotExistIsNamed(t *testing.T) {
	for _, name := range []string{"bbbbbbbbbb", "8"} {
		if _, err := newDesk().operations().Show(t.Context(), name); !errors.Is(err, topup.ErrNoOrder) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A list that is longer than its page ends with what the next page begins after.
func TestAPageOfOrdersLeadsToTheNext(t *testing.T) {
	orders := newDesk().operations()
	orders.Orders = shelf{}
	var listed []prepaid.OrderID
	query := operators.OrderQuery{Limit: 2}
	for pages := 1; ; pages++ {
		list, err := orders.Search(t.Context(), "", query)
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range list.Orders {
			listed = append(listed, o.ID)
		}
		if query.After = list.Next; query.After == "" {
			if pages != 3 {
				t.Errorf("%d pages", pages)
			}
			break
		}
	}
	if want := []prepaid.OrderID{"F", "E", "D", "C", "B"}; !slices.Equal(listed, want) {
		t.Errorf("listed %v; want %v", listed, want)
	}
	for _, cursor := range []string{"x", "1", "1.", ".A", "x.A", "-1.A"} {
		var wrong *operators.FieldError
		if _, err := orders.Search(t.Context(), "", operators.OrderQuery{Limit: 2, After: cursor}); !errors.As(err, &wrong) || wrong.Field != "after" {
			t.Errorf("%q: %v", cursor, err)
		}
	}
}

// shelf has five orders, the newest is F.
type shelf struct{ operators.OrderReader }

// List implements operators.OrderReader.
func (shelf) List(_ context.Context, f operators.OrderFilter) (page []topup.Order, err error) {
	for _, id := range []prepaid.OrderID{"F", "E", "D", "C", "B"} {
		o := topup.Order{ID: id, CreatedAt: time.UnixMicro(int64(id[0]))}
		if (f.After.ID == "" || o.CreatedAt.Before(f.After.CreatedAt)) && len(page) < f.Limit {
			page = append(page, o)
		}
	}
	return page, nil
}
