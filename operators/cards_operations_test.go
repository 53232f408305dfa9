package operators_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
)

// cardHouse is a desk of a card business, whose brand lets one person do what is worth a hundred euros.
type cardHouse struct {
	*house
	shop  operators.Cards
	chunk int
}

func eur(units int64) prepaid.Money {
	return prepaid.Money{Minor: 100 * units, Currency: prepaid.Currency("EUR")}
}

var (
	cardsman = person("carl", operators.CardsMan)
	finance  = person("fay", operators.Finance)
	support  = person("sue", operators.Support)
)

// onCardStores runs a test on both databases.
func onCardStores(t *testing.T, test func(h *cardHouse)) {
	onStores(t, func(h *house) {
		c := &cardHouse{house: h, chunk: 10}
		brand := prepaid.Brand{Name: "demo", Country: "NL", Currency: prepaid.Currency("EUR"), Cards: prepaid.CardFormat{CodeLength: 14, ApproveOver: eur(100)}}
		h.Brands = prepaid.NewBrands(&brand)
		c.shop = operators.Cards{Brand: &brand, Service: c.copy(), Clock: h.clock}
		h.Staff = staff{cardsman, finance, support}
		h.Cards = func(name string) (operators.Cards, error) {
			if name != "demo" {
				return operators.Cards{}, errors.New("no such brand")
			}
			return c.shop, nil
		}
		test(c)
	})
}

// copy is the card business of another copy of the server.
func (h *cardHouse) copy() *cards.Service {
	h.Helper()
	db := h.db
	s, err := cards.New(cards.Config{
		Store: db.Cards, Releaser: db.Cards, Tries: db.CardTries, Jobs: db.CardJobs, Batches: db.CardJobs, Shelf: db.Cards, Codes: db.CardJobs, KeyChecks: db.CardKeys,
		Reports: db.CardReports, Stock: db.CardStock, Served: db.CardJobs, Files: db.CardFiles, Printers: db.CardFiles, Brands: h.Brands, Clock: h.clock, Chunk: h.chunk,
		Keys: prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}),
	})
	h.ok(err)
	return s
}

// work has a copy do all jobs that are due.
func (h *cardHouse) work() {
	h.Helper()
	for {
		n, err := h.shop.Service.RunDue(h.Context())
		h.ok(err)
		if n == 0 {
			return
		}
	}
}

// seen is an operation as its person sees it.
func (h *cardHouse) seen(op operators.CardsOperation) operators.Operation {
	h.Helper()
	frozen, _, err := h.SeeCards(h.Context(), op)
	h.ok(err)
	return frozen
}

// do has a person do something, which needs nobody else.
func (h *cardHouse) do(a operators.Actor, key string, op operators.Operation) operators.Result {
	h.Helper()
	r, err := h.Do(h.Context(), a, key, op, "ticket 7")
	h.ok(err)
	if r.Asked != "" {
		h.Fatalf("%s: another was asked", op.Kind())
	}
	return r
}

// agreed has a person ask for something, and another agree.
func (h *cardHouse) agreed(key string, op operators.Operation) operators.Result {
	h.Helper()
	r, err := h.Do(h.Context(), cardsman, key, op, "ticket 7")
	h.ok(err)
	if r.Asked == "" {
		h.Fatalf("%s: nobody was asked", op.Kind())
	}
	r, err = h.Decide(h.Context(), finance, key, r.Asked, operators.Agree, "looks right")
	h.ok(err)
	h.want(op.Kind(), h.question1().Status, operators.ApprovalCarried)
	return r
}

// question1 is the newest approval.
func (h *cardHouse) question1() operators.Approval {
	h.Helper()
	all, err := h.db.Approvals.List(h.Context(), operators.ApprovalFilter{Limit: 1})
	h.ok(err)
	return all[0]
}

// batch makes cards of ten euros on the desk: 101-00000001 and up.
func (h *cardHouse) batch(quantity int) string {
	h.Helper()
	r := h.do(cardsman, prepaid.NewToken(), operators.GenerateCards{Brand: "demo", Batch: operators.CardBatch{Name: "spring", Amount: "10", Quantity: quantity, Series: "101"}})
	h.work()
	return r.Job
}

func (h *cardHouse) states() string {
	h.Helper()
	var lines []string
	h.ok(h.db.Writer().SelectContext(h.Context(), &lines, `SELECT state || ' ' || COUNT(*) FROM cards GROUP BY state ORDER BY state`))
	return strings.Join(lines, ", ")
}

func (h *cardHouse) jobs() int {
	h.Helper()
	var n int
	h.ok(h.db.Writer().GetContext(h.Context(), &n, `SELECT COUNT(*) FROM card_jobs`))
	return n
}

func of(batch string) operators.OfCards {
	return operators.OfCards{Brand: "demo", Query: operators.CardQuery{Batch: batch}}
}

func serials(from, to string) operators.OfCards {
	return operators.OfCards{Brand: "demo", Query: operators.CardQuery{FromSerial: from, ToSerial: to}}
}

func TestWhatIsWorthMoreThanTheLimitNeedsTwoPeople(t *testing.T) {
	onCardStores(t, func(h *cardHouse) {
		batch := h.batch(25)
		h.want("made", h.states(), "generated 25")
		h.do(cardsman, "few", h.seen(operators.ReleaseCards{OfCards: serials("101-00000001", "101-00000010")}))
		h.work()
		h.want("ten of ten euros", h.states(), "generated 15, live 10")
		h.agreed("many", h.seen(operators.ReleaseCards{OfCards: of(batch)}))
		h.work()
		h.want("fifteen", h.states(), "live 25")
		h.do(cardsman, "lock", h.seen(operators.LockCards{OfCards: of(batch)}))
		h.work()
		h.want("a lock never waits", h.states(), "locked 25")
		h.agreed("void", h.seen(operators.VoidCards{OfCards: of(batch)}))
		h.work()
		h.want("void", h.states(), "void 25")
		h.agreed("delete", h.seen(operators.DeleteCards{OfCards: of(batch), Typed: "demo"}))
		h.work()
		h.want("deleted", h.states(), "")
	})
}

func TestWhatWasSeenOfCardsIsWhatIsDone(t *testing.T) {
	onCardStores(t, func(h *cardHouse) {
		batch := h.batch(12)
		release := h.seen(operators.ReleaseCards{OfCards: serials("101-00000001", "101-00000005")})
		many := h.seen(operators.ReleaseCards{OfCards: of(batch)})
		r, err := h.Do(h.Context(), cardsman, "ask", many, "ticket")
		h.ok(err)
		h.do(cardsman, "lock", operators.LockCard{Brand: "demo", Serial: "101-00000003"})
		h.work()
		_, err = h.Do(h.Context(), cardsman, "release", release, "ticket")
		var changed *operators.ChangedError
		if !errors.As(err, &changed) {
			t.Errorf("other cards are released than were seen: %v", err)
		}
		_, err = h.Decide(h.Context(), finance, "decide", r.Asked, operators.Agree, "fine")
		h.ok(err)
		h.want("what was asked", h.question1().Status, operators.ApprovalLapsed)
		h.work()
		h.want("nothing", h.states(), "generated 11, locked 1")

		// who has not looked, or says that it is little, does not get past the second person
		blind := operators.VoidCards{OfCards: of(batch)}
		h.want("unseen", blind.Act(cardsman), operators.ActCardsOver)
		blind.Saw = operators.CardsSeen{Cards: 1, Worth: eur(10)}
		if _, err = h.Do(h.Context(), cardsman, "little", blind, "ticket"); !errors.As(err, &changed) {
			t.Errorf("cards are voided that nobody saw: %v", err)
		}
		// the brand's name is typed
		_, _, err = h.SeeCards(h.Context(), operators.DeleteCards{OfCards: of(batch), Typed: "dem"})
		var field *operators.FieldError
		if !errors.As(err, &field) || field.Field != "brand" {
			t.Errorf("cards are deleted without the brand's name: %v", err)
		}
	})
}

func TestAFormThatIsSentTwiceMakesOneJob(t *testing.T) {
	onCardStores(t, func(h *cardHouse) {
		op := operators.GenerateCards{Brand: "demo", Batch: operators.CardBatch{Amount: "10", Quantity: 3, Series: "101"}}
		first := h.do(cardsman, "same", op)
		second := h.do(cardsman, "same", op)
		h.want("the second", second.Job, first.Job)
		// the form's row is lost with a copy, its deed is not
		_, err := op.Carry(h.Context(), h.Desk, prepaid.By{Who: "carl", Why: "again", Operation: "form/carl/same"})
		h.wantError("carried again", err, prepaid.ErrDone)
		h.work()
		h.want("jobs", h.jobs(), 1)
		h.want("cards", h.states(), "generated 3")
	})
}

func TestTickedCardsAndSupport(t *testing.T) {
	onCardStores(t, func(h *cardHouse) {
		h.batch(5)
		h.do(support, "one", operators.LockCard{Brand: "demo", Serial: "101-00000002"})
		h.do(cardsman, "ticked", h.seen(operators.LockCards{OfCards: operators.OfCards{Brand: "demo", Serials: []string{"101-00000001", "101-00000004", "101-00000009"}}}))
		h.work()
		h.want("locked", h.states(), "generated 2, locked 3")
		h.do(cardsman, "unlock", h.seen(operators.ReopenCards{OfCards: operators.OfCards{Brand: "demo", All: true}}))
		h.work()
		h.want("unlocked", h.states(), "generated 5")
		_, err := h.Do(h.Context(), support, "all", h.seen(operators.LockCards{OfCards: operators.OfCards{Brand: "demo", All: true}}), "ticket")
		var forbidden *operators.ForbiddenError
		if !errors.As(err, &forbidden) {
			t.Errorf("support locks all cards: %v", err)
		}
	})
}

// Two copies work on the same jobs, one is stopped wherever it is: each card is dealt with once.
func TestCopiesThatAreKilledAndRaceDoEachCardOnce(t *testing.T) {
	onCardStores(t, func(h *cardHouse) {
		h.do(cardsman, "make", operators.GenerateCards{Brand: "demo", Batch: operators.CardBatch{Amount: "1", Quantity: 300, Series: "101"}})
		copies := []*cards.Service{h.copy(), h.copy(), h.copy()}
		var all sync.WaitGroup
		for i, c := range copies {
			all.Go(func() {
				for range 400 {
					ctx, kill := context.WithCancel(h.Context())
					if i > 0 { // it is killed at once, or soon
						time.AfterFunc(time.Duration(rand.IntN(4000))*time.Microsecond, kill)
					}
					n, err := c.RunDue(ctx)
					if err != nil && ctx.Err() == nil {
						h.Errorf("copy %d: %v", i, err)
					}
					kill()
					switch {
					case i > 0 || n > 0:
					case h.done():
						return
					default: // one that was killed has the lease
						h.clock.AdvanceTo(h.clock.Now().Add(30 * time.Second))
					}
				}
			})
		}
		all.Wait()
		h.work()
		h.want("cards", h.states(), "generated 300")
		var records, counted int
		h.ok(h.db.Writer().GetContext(h.Context(), &records, `SELECT COUNT(*) FROM card_audit WHERE kind = 'generate'`))
		h.ok(h.db.Writer().GetContext(h.Context(), &counted, `SELECT SUM(cards) FROM card_audit WHERE kind = 'generate'`))
		h.want("steps", records, 30)
		h.want("cards of all steps", counted, 300)
	})
}

// done reports whether no job is under way.
func (h *cardHouse) done() bool {
	h.Helper()
	open, err := h.shop.OpenJobs(h.Context())
	h.ok(err)
	return len(open) == 0
}

func TestAJobIsStoppedGoesOnAndIsGivenUp(t *testing.T) {
	onCardStores(t, func(h *cardHouse) {
		job := operators.OfJob{Brand: "demo", Job: h.do(cardsman, "make", operators.GenerateCards{Brand: "demo", Batch: operators.CardBatch{Amount: "1", Quantity: 30, Series: "101"}}).Job}
		h.do(cardsman, "stop", operators.StopJob{OfJob: job})
		h.work()
		h.want("stopped", h.states(), "")
		h.do(cardsman, "go on", operators.ResumeJob{OfJob: job})
		h.work()
		h.want("gone on with", h.states(), "generated 30")
		if _, err := h.Do(h.Context(), cardsman, "late", operators.GiveUpJob{OfJob: job}, "ticket"); err == nil {
			t.Error("a job that is done is given up")
		}
		job.Job = h.do(cardsman, "more", operators.GenerateCards{Brand: "demo", Batch: operators.CardBatch{Amount: "1", Quantity: 30, Series: "101"}}).Job
		h.do(cardsman, "give up", operators.GiveUpJob{OfJob: job})
		h.work()
		h.want("given up", h.states(), "generated 30")
	})
}

func TestAPrintFileIsMadeByTheServerForItsPrinterAlone(t *testing.T) {
	onCardStores(t, func(h *cardHouse) {
		secret, err := age.GenerateX25519Identity()
		h.ok(err)
		h.agreed("printer", operators.AddPrinter{Brand: "demo", Name: "joh", Key: secret.Recipient().String()})
		batch := h.batch(25)
		job := h.agreed("export", h.seen(operators.ExportCards{OfCards: of(batch), Printers: []string{"joh"}})).Job
		h.work()
		var file bytes.Buffer
		h.ok(h.FetchPrintFile(h.Context(), cardsman, "demo", job, "to send it", &file))
		clear, err := age.Decrypt(bytes.NewReader(file.Bytes()), secret)
		h.ok(err)
		lines, err := io.ReadAll(clear)
		h.ok(err)
		h.want("lines", strings.Count(string(lines), "\r\n"), 27)
		code := strings.Split(strings.Split(string(lines), "\r\n")[1], ",")[1]
		if strings.Contains(file.String(), code) {
			t.Error("the file is in clear")
		}
		h.noSecret(code)
		h.do(cardsman, "confirm", operators.ConfirmPrintFile{OfJob: operators.OfJob{Brand: "demo", Job: job}})
		h.wantError("confirmed", h.FetchPrintFile(h.Context(), cardsman, "demo", job, "again", io.Discard), cards.ErrNoFile)
		_, _, err = h.SeeCards(h.Context(), operators.ExportCards{OfCards: of(batch), Printers: []string{"joh"}})
		var none *operators.NoCardsError
		if !errors.As(err, &none) {
			t.Errorf("cards are exported twice: %v", err)
		}
	})
}

// noSecret looks for a code in what is kept of work on cards.
func (h *cardHouse) noSecret(code string) {
	h.Helper()
	for _, query := range []string{`SELECT old_value || new_value || why FROM deeds`, `SELECT spec || trouble FROM card_jobs`, `SELECT result FROM desk_forms`, `SELECT operation || outcome FROM approvals`} {
		var texts []string
		if err := h.db.Writer().SelectContext(h.Context(), &texts, query); err != nil {
			h.Errorf("%s: %v", query, err)
		}
		if strings.Contains(strings.Join(texts, "\n"), code) {
			h.Errorf("%s has a card's code", query)
		}
	}
}
