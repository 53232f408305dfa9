package reloadly_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"pulsa/prepaid"
	"pulsa/topup"
)

var reportDay = time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)

// reportRow is a row of a report: what differs from a usual one comes after.
func reportRow(id int, reference, status, date string) string {
	return fmt.Sprintf(`{"transactionId":%d,"status":%q,"customIdentifier":%q,"deliveredAmount":10.000000,"deliveredAmountCurrencyCode":"EUR",
		"requestedAmount":10.87,"requestedAmountCurrencyCode":"USD","transactionDate":%q,"pinDetail":null,"balanceInfo":null}`, id, status, reference, date)
}

func (s *stage) deliveries() (all []topup.Delivery, err error) {
	for d, err := range s.client.Deliveries(s.t.Context(), reportDay, reportDay.AddDate(0, 0, 1)) {
		if err != nil {
			return all, err
		}
		all = append(all, d)
	}
	return all, nil
}

func TestDeliveriesAreReadPageByPageAndChosenByTheirOwnTimes(t *testing.T) {
	const in = "2026-11-20 12:00:00"
	first := `{"content":[` + strings.Join([]string{
		reportRow(1, "BEFORE", "SUCCESSFUL", "2026-11-19 23:59:59"), reportRow(2, "ONE", "SUCCESSFUL", "2026-11-20 00:00:00"),
		reportRow(3, "TWO", "REFUNDED", in), reportRow(4, "", "SUCCESSFUL", in),
	}, ",") + `],"totalPages":2,"last":false}`
	s := newStage(t, nil).set(report, ok(first), ok(page(reportRow(5, "THREE", "PROCESSING", in), reportRow(6, "FOUR", "", in),
		reportRow(7, "AFTER", "SUCCESSFUL", "2026-11-21 00:00:00"))))
	got, err := s.deliveries()
	if err != nil {
		t.Fatal(err)
	}
	ten, dollars := eur(1000), prepaid.Money{Minor: 1087, Currency: "USD"}
	noon := reportDay.Add(12 * time.Hour)
	want := []topup.Delivery{
		{Reference: "ONE", NetworkRef: "2", Amount: ten, Asked: dollars, At: reportDay},
		{Reference: "TWO", NetworkRef: "3", Status: "REFUNDED", At: noon},
		{Reference: "transaction 4", NetworkRef: "4", Amount: ten, Asked: dollars, At: noon},
		{Reference: "THREE", NetworkRef: "5", Status: "PROCESSING", At: noon},
		{Reference: "FOUR", NetworkRef: "6", Status: "UNKNOWN", At: noon},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	asked, err := url.ParseRequestURI(s.asked[1])
	if err != nil {
		t.Fatal(err)
	}
	q := asked.Query()
	if q.Get("startDate") != "2026-11-18 12:00:00" || q.Get("endDate") != "2026-11-22 12:00:00" || q.Get("page") != "1" || q.Get("size") != "500" {
		t.Errorf("asked %s", s.asked[1])
	}
	if s.count(report) != 2 || !strings.Contains(s.asked[2], "page=2") {
		t.Errorf("asked %q", s.asked)
	}
}

func TestReportThatCannotBeReadToItsEndIsAnError(t *testing.T) {
	row := reportRow(2, "ONE", "SUCCESSFUL", "2026-11-20 00:00:00")
	more := ok(`{"content":[` + row + `],"totalPages":9,"last":false}`)
	for name, second := range map[string]answer{
		"no answer": {status: 500}, "no report": ok(`{}`), "no date": ok(page(strings.Replace(row, "2026-11-20 00:00:00", "soon", 1))),
		"no amount": ok(page(strings.NewReplacer(`"EUR"`, `"??"`, `"USD"`, `"??"`).Replace(row))), "refused": refusal(403, "FORBIDDEN"),
	} {
		s := newStage(t, nil).set(report, more, second)
		if got, err := s.deliveries(); err == nil || len(got) != 1 {
			t.Errorf("%s: %d rows, %v", name, len(got), err)
		}
	}
}

func TestReportIsLeftWhereNobodyWantsMore(t *testing.T) {
	row := reportRow(2, "ONE", "SUCCESSFUL", "2026-11-20 00:00:00")
	s := newStage(t, nil).set(report, ok(`{"content":[`+row+","+row+`],"totalPages":9,"last":false}`))
	for range s.client.Deliveries(t.Context(), reportDay, reportDay.AddDate(0, 0, 1)) {
		break
	}
	if s.count(report) != 1 {
		t.Errorf("asked for %d pages", s.count(report))
	}
}
