package operators_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
)

var stockkeeper = person("fay", operators.CardsMan)

// sellsCards gives the desk a card business.
func (h *house) sellsCards() operators.Cards {
	h.Helper()
	amsterdam, err := time.LoadLocation("Europe/Amsterdam")
	h.ok(err)
	b := &prepaid.Brand{Name: "demo", Currency: "EUR", Country: "NL", TimeZone: amsterdam, Cards: prepaid.CardFormat{CodeLength: 14}}
	service, err := cards.New(cards.Config{
		Store: h.db.Cards, Releaser: h.db.Cards, Tries: h.db.CardTries, Jobs: h.db.CardJobs, Batches: h.db.CardJobs, Shelf: h.db.Cards, Codes: h.db.CardJobs,
		KeyChecks: h.db.CardKeys, Reports: h.db.CardReports, Stock: h.db.CardStock, Brands: prepaid.NewBrands(b),
		Keys: prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}), Clock: h.clock, Chunk: 5,
	})
	h.ok(err)
	c := operators.Cards{Brand: b, Service: service, Clock: h.clock}
	h.Desk.Cards = func(string) (operators.Cards, error) { return c, nil }
	return c
}

func (h *house) batch(c operators.Cards, n int) string {
	h.Helper()
	return string(generate(h.T, c, "7", n).ID)
}

// works does a job as the server would.
func (h *house) works(c operators.Cards, id string) {
	h.Helper()
	j, err := c.Service.Job(h.Context(), cards.JobID(id))
	h.ok(err)
	run(h.T, c, j)
}

func stockLines(s operators.Statement) map[string]int64 {
	lines := map[string]int64{}
	for _, r := range s.Rows {
		if r.Cards != 0 {
			lines[r.What] = r.Cards
		}
	}
	return lines
}

func TestStockIsMovedOnTheDeskByThoseWhoMay(t *testing.T) {
	onStores(t, func(h *house) {
		c := h.sellsCards()
		batch := h.batch(c, 12)
		for _, name := range []string{"kiosk", "shop"} {
			_, err := h.Do(h.Context(), stockkeeper, "create "+name, operators.CreateReseller{Brand: "demo", Name: name}, "contract")
			h.ok(err)
		}
		deliver := operators.MoveStock{Brand: "demo", Move: operators.CardStock{As: "deliver", GiveTo: "kiosk"}, Batch: batch}
		var forbidden *operators.ForbiddenError
		if _, err := h.Do(h.Context(), asks, "no", deliver, "mine"); !errors.As(err, &forbidden) {
			t.Error(err)
		}
		if _, err := h.Statement(h.Context(), asks, "demo", "kiosk", "", ""); !errors.As(err, &forbidden) {
			t.Error(err)
		}
		job := ""
		for range 2 { // the form is sent twice
			r, err := h.Do(h.Context(), stockkeeper, "form 1", deliver, "parcel 1")
			h.ok(err)
			if !strings.HasSuffix(r.Text.String(), "12 cards.") {
				t.Error(r.Text)
			}
			job = r.Job
		}
		h.works(c, job)
		for i, m := range []operators.MoveStock{
			{Move: operators.CardStock{As: "return"}, Reseller: "kiosk", FromSerial: "7-00000001", ToSerial: "7-00000003"},
			{Move: operators.CardStock{As: "transfer", GiveTo: "shop"}, Reseller: "kiosk", FromSerial: "7-00000004", ToSerial: "7-00000005"},
			{Move: operators.CardStock{As: "damage"}, Reseller: "kiosk", FromSerial: "7-00000006", ToSerial: "7-00000006"},
		} {
			m.Brand = "demo"
			r, err := h.Do(h.Context(), stockkeeper, fmt.Sprint("move ", i), m, "van")
			h.ok(err)
			h.works(c, r.Job)
		}
		for reseller, want := range map[string]map[string]int64{
			"kiosk": {"delivered": 12, "returned": -3, "transferred": -2, "damaged": -1, "closing": 6},
			"shop":  {"transferred": 2, "closing": 2},
		} {
			s, err := h.Statement(h.Context(), stockkeeper, "demo", reseller, "2026-03-02", "2026-03-03")
			if diff := cmp.Diff(want, stockLines(s)); diff != "" || err != nil {
				t.Errorf("%s: %s, %v", reseller, diff, err)
			}
			s, err = h.Statement(h.Context(), stockkeeper, "demo", reseller, "2026-03-03", "2026-03-04")
			if diff := cmp.Diff(map[string]int64{"opening": want["closing"], "closing": want["closing"]}, stockLines(s)); diff != "" || err != nil {
				t.Errorf("%s: %s, %v", reseller, diff, err)
			}
		}
		if _, err := h.Statement(h.Context(), stockkeeper, "demo", "kiosk", "2026-03-03", "2026-03-03"); !errors.Is(err, cards.ErrNoPeriod) {
			t.Error(err)
		}
		deeds, err := h.db.Deeds.List(h.Context(), operators.DeedFilter{What: "deliver cards", Limit: 9})
		h.ok(err)
		h.want("deeds of the delivery", len(deeds), 1)
		h.want("whose", deeds[0].By.Who, stockkeeper.Email)
	})
}

func TestAMovementThatIsCutOffIsBegunOnce(t *testing.T) {
	onStores(t, func(h *house) {
		c := h.sellsCards()
		batch := h.batch(c, 12)
		_, err := c.CreateReseller(h.Context(), "kiosk", "", prepaid.By{Who: "ann"})
		h.ok(err)
		move := operators.MoveStock{Brand: "demo", Move: operators.CardStock{As: "deliver", GiveTo: "kiosk"}, Batch: batch}
		by := prepaid.By{Who: stockkeeper.Email, Why: "parcel", Operation: "op 1"}
		h.Reached = func(string) { panic("killed") }
		func() {
			defer func() { _ = recover() }()
			_, err := move.Carry(h.Context(), h.Desk, by)
			t.Errorf("not reached, %v", err)
		}()
		h.Reached = nil
		r, err := move.Carry(h.Context(), h.Desk, by)
		h.ok(err)
		_, err = move.Carry(h.Context(), h.Desk, by)
		h.wantError("again", err, prepaid.ErrDone)
		h.works(c, r.Job)
		s, err := c.Statement(h.Context(), "kiosk", "2026-03-01", "2026-03-03")
		h.ok(err)
		h.want("statement", stockLines(s), map[string]int64{"delivered": 12, "closing": 12})
	})
}

func TestMovementsSayWhatIsMissing(t *testing.T) {
	shop, _ := cardShops(t)
	id := string(generate(t, shop, "7", 1).ID)
	for want, m := range map[string]struct {
		operators.CardQuery
		operators.CardStock
	}{
		"choose deliver":   {operators.CardQuery{Batch: id}, operators.CardStock{As: "lend"}},
		"name the batch":   {operators.CardQuery{Series: "7"}, operators.CardStock{As: "damage"}},
		"who gets them":    {operators.CardQuery{Batch: id}, operators.CardStock{As: "deliver"}},
		"who has them":     {operators.CardQuery{Batch: id}, operators.CardStock{As: "return"}},
		"has them already": {operators.CardQuery{Batch: id, Reseller: "a"}, operators.CardStock{As: "transfer", GiveTo: "a"}},
		"transfer them":    {operators.CardQuery{Batch: id, Reseller: "a"}, operators.CardStock{As: "deliver", GiveTo: "b"}},
		"nobody gets them": {operators.CardQuery{Batch: id, Reseller: "a"}, operators.CardStock{As: "return", GiveTo: "b"}},
	} {
		_, err := shop.Plan(t.Context(), operators.CardSelection{CardQuery: m.CardQuery}, m.CardStock, prepaid.By{Who: "ann", Why: "van"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Standing tells what is owed at the end of a day: what was put on sale, and not what only lies in stock.
func TestStandingTellsOnSaleInStockLockedAndExpiredApart(t *testing.T) {
	onStores(t, func(h *house) {
		c := h.sellsCards()
		h.batch(c, 10)
		by := prepaid.By{Who: "ann", Why: "test"}
		work := func(first, last string, w operators.CardWork) {
			p, err := c.Plan(h.Context(), operators.CardSelection{CardQuery: operators.CardQuery{FromSerial: first, ToSerial: last}}, w, by)
			h.ok(err)
			j, err := p.Start(h.Context())
			h.ok(err)
			run(h.T, c, j)
		}
		work("7-00000001", "7-00000006", operators.CardRelease{})
		work("7-00000005", "7-00000007", operators.CardEdit{SetStatus: "lock"})
		work("7-00000001", "7-00000001", operators.CardEdit{SetExpires: "2026-03-02"})
		h.clock.AdvanceTo(noon.Add(24 * time.Hour))
		lapsed, err := c.Service.Lapse(h.Context(), "demo")
		h.ok(err)
		h.want("expired", lapsed, 1)
		for day, want := range map[string]operators.StandingRow{
			"2026-03-01": {},
			"2026-03-02": {OnSale: 4, OnSaleWorth: "40.00", InStock: 3, InStockWorth: "30.00", Locked: 3, LockedWorth: "30.00", ExpiredWorth: "0.00", Owed: "60.00", Currency: "EUR"},
			"2026-03-03": {OnSale: 3, OnSaleWorth: "30.00", InStock: 3, InStockWorth: "30.00", Locked: 3, LockedWorth: "30.00", Expired: 1, ExpiredWorth: "10.00", Owed: "50.00", Currency: "EUR"},
		} {
			rows, err := c.Standing(h.Context(), day)
			h.ok(err)
			got := operators.StandingRow{}
			if len(rows) > 0 {
				got = rows[0]
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s: %s", day, diff)
			}
		}
		balances, err := h.db.Ledger.Balances(h.Context(), "demo")
		h.ok(err)
		h.want("ledger", fmt.Sprint(balances), "[{card_liability EUR -50.00} {cards_outstanding EUR 50.00}]")
		violations, err := h.db.Audit.Violations(h.Context())
		h.ok(err)
		h.want("violations", violations, []operators.Violation{})
	})
}
