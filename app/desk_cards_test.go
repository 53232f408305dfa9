package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"pulsa/app/apptest"
	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
)

// begins has a job begin that makes cards, as a command does.
func (w *deskWalk) begins() cards.Job {
	w.walks.Helper()
	b := w.Brands.Named(w.brand)
	j, err := w.Cards.StartGenerate(w.walks.Context(), cards.GenerateRequest{
		Brand: w.brand, Amount: prepaid.Money{Minor: 1000, Currency: b.Currency}, Quantity: 5, Series: "101", By: prepaid.ByMachine("test", "test"),
	})
	if err != nil {
		w.walks.Fatal(err)
	}
	return j
}

// batch has cards made that are not on sale yet, and returns the job.
func (w *deskWalk) batch() string {
	w.walks.Helper()
	j, err := w.Cards.ResumeGenerate(w.walks.Context(), w.begins(), nil, nil)
	if err != nil {
		w.walks.Fatal(err)
	}
	return string(j.ID)
}

// jobs are one that is done, one that a command has left, and one that was stopped.
func (w *deskWalk) jobs() []string {
	w.walks.Helper()
	all := []string{w.batch(), string(w.begins().ID), string(w.begins().ID)}
	w.exec(`UPDATE card_jobs SET state = 'stopped' WHERE id = ?`, all[2])
	return all
}

// printer has one added.
func (w *deskWalk) printer() string {
	w.walks.Helper()
	p := cards.Printer{Brand: w.brand, Name: "p" + prepaid.NewToken()[:10], Key: deskTyped["key-public"]}
	if err := w.Cards.AddPrinter(w.walks.Context(), p, prepaid.ByMachine("test", "test")); err != nil {
		w.walks.Fatal(err)
	}
	return p.Name
}

// cards are one that is not on sale yet, and one that a customer has spent.
func (w *deskWalk) cards() (serials []string) {
	w.walks.Helper()
	for range 2 {
		list, err := w.Cards.Search(w.walks.Context(), cards.Filter{Brand: w.brand, Batch: cards.JobID(w.batch())}, cards.Page{Limit: 1})
		if err != nil {
			w.walks.Fatal(err)
		}
		serials = append(serials, list.Cards[0].Serial)
	}
	w.exec(`UPDATE cards SET state = 'spent', activated_at = 1, activated_by = '31611990009' WHERE brand = ? AND serial = ?`, w.brand, serials[1])
	return serials
}

// cardStates counts the cards of a batch by state.
func (w *deskWalk) cardStates(batch string) string {
	w.walks.Helper()
	list, err := w.Cards.Search(w.walks.Context(), cards.Filter{Brand: w.brand, Batch: cards.JobID(batch)}, cards.Page{Limit: 10})
	if err != nil {
		w.walks.Fatal(err)
	}
	var states []string
	for _, c := range list.Cards {
		states = append(states, string(c.State))
	}
	return strings.Join(states, " ")
}

// sendsTwice fills in the form of what is done to cards, and sends it twice. It returns the job that does it, which is at work.
func (w *deskWalk) sendsTwice(h http.Handler, action string, chosen, typed url.Values) string {
	w.walks.Helper()
	for name, values := range typed {
		chosen[name] = values
	}
	f, why := w.formOn(h, action+"?"+chosen.Encode(), action)
	if why != "" {
		w.walks.Fatal(action, ": ", why)
	}
	first := askDesk(h, http.MethodPost, action, f.values)
	jobs := w.count(`SELECT COUNT(*) FROM card_jobs`)
	second := askDesk(h, http.MethodPost, action, f.values)
	if first.status != http.StatusSeeOther || second.status != http.StatusSeeOther || second.to != first.to || w.count(`SELECT COUNT(*) FROM card_jobs`) != jobs {
		w.walks.Fatalf("%s: %d %s %s, then %d %s, with %d jobs more", action, first.status, first.to, problems(first.body), second.status, second.to,
			w.count(`SELECT COUNT(*) FROM card_jobs`)-jobs)
	}
	_, job, _ := strings.Cut(first.to, "/cards/jobs/")
	job, _, _ = strings.Cut(job, "?")
	return job
}

func (w *deskWalk) count(query string, args ...any) (n int) {
	w.walks.Helper()
	if err := w.DB.Writer().GetContext(w.walks.Context(), &n, w.DB.Writer().Rebind(query), args...); err != nil {
		w.walks.Fatal(err)
	}
	return n
}

func TestWhatIsDoneToChosenCardsIsDoneOnce(t *testing.T) {
	w := newDeskWalk(t)
	for _, brand := range []string{"demo"} { // one person may do it alone
		w.Brands.Named(brand).Cards.ApproveOver = prepaid.Money{Minor: 1_000_000, Currency: "EUR"}
	}
	h := w.as("demo", operators.Roles()...)
	printer := w.printer()
	batch := w.batch()
	chosen := func() url.Values { return url.Values{"batch": {batch}, "all": {"found"}} }
	is := func(want string) {
		t.Helper()
		want = strings.TrimSpace(strings.Repeat(want+" ", 5))
		apptest.Await(t, "cards that are "+want, func() bool { return w.cardStates(batch) == want }, nil)
	}
	w.sendsTwice(h, "/demo/cards/release", chosen(), nil)
	is("live")
	w.sendsTwice(h, "/demo/cards/lock", chosen(), nil)
	is("locked")
	w.sendsTwice(h, "/demo/cards/unlock", chosen(), nil)
	is("live")
	w.sendsTwice(h, "/demo/cards/edit", chosen(), url.Values{"set-expiry": {"never"}, "set-status": {"lock"}})
	is("locked")
	export := w.sendsTwice(h, "/demo/cards/export", chosen(), url.Values{"printers": {printer}})
	apptest.Await(t, "the print file", func() bool {
		j, err := w.Cards.Job(t.Context(), cards.JobID(export))
		return err == nil && j.State == cards.JobDone
	}, nil)
	file := askDesk(h, http.MethodPost, "/demo/cards/jobs/"+export+"/file", url.Values{"reason": {"to print"}})
	if file.status != http.StatusOK || !strings.HasPrefix(file.body, "age-encryption.org/v1") {
		t.Errorf("the print file is %d %.80q", file.status, file.body)
	}
	if got := askDesk(h, http.MethodPost, "/demo/cards/jobs/"+export+"/file", nil); got.status != http.StatusUnprocessableEntity {
		t.Errorf("without a reason the print file is %d", got.status)
	}
	w.sendsTwice(h, "/demo/cards/jobs/"+export+"/arrived", url.Values{}, nil)
	serial := "101-00000001"
	first := askDesk(h, http.MethodGet, "/demo/cards?batch="+batch, nil)
	if i := strings.Index(first.body, "/demo/cards/101-"); i > 0 {
		serial = first.body[i+len("/demo/cards/"):][:12]
	}
	w.sendsTwice(h, "/demo/cards/serial/"+serial+"/unlock", url.Values{}, nil)
	apptest.Await(t, "one live card", func() bool { return strings.Count(w.cardStates(batch), "live") == 1 }, nil)
	w.sendsTwice(h, "/demo/cards/void", url.Values{"tick": {serial}}, nil)
	apptest.Await(t, "one void card", func() bool { return strings.Count(w.cardStates(batch), "void") == 1 }, nil)
	w.sendsTwice(h, "/demo/cards/delete", chosen(), url.Values{"brand": {"demo"}})
	apptest.Await(t, "no card", func() bool { return w.cardStates(batch) == "" }, nil)
	if got := askDesk(h, http.MethodGet, "/demo/cards/void", nil); got.status != http.StatusOK || strings.Contains(got.body, "name=\"seen\"") {
		t.Errorf("where no card was chosen, the form is offered: %d", got.status)
	}
	w.holdsNoSecret("the log", deskAnswer{body: w.log.String()})
}
