package storetest

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/prepaid"
	"pulsa/topup"
)

func setupLink(s payments.Setup) payments.Link {
	return payments.Link{Brand: s.Brand, Token: prepaid.NewLinkToken(), Kind: payments.SetupLink, Target: string(s.ID), Customer: s.Customer,
		Language: "nl", CreatedAt: start, ExpiresAt: start.Add(24 * time.Hour)}
}

func orderLink(o topup.Order) payments.Link {
	return payments.Link{Brand: o.Brand, Token: prepaid.NewLinkToken(), Kind: payments.OrderLink, Target: string(o.ID), Customer: o.Customer,
		Language: "en", CreatedAt: start, ExpiresAt: start.Add(30 * time.Minute)}
}

// begun is the open setup of a customer, with its link.
func (w *world) begun(c accounts.Customer) (payments.Setup, payments.Link) {
	w.Helper()
	s := must[payments.Setup](w)(w.db.Payments.SaveSetup(w.Context(), setup(c, fmt.Sprint("link", w.next()))))
	l := setupLink(s)
	same(w, "token", must[prepaid.Secret](w)(w.db.Links.SaveLink(w.Context(), l)).Reveal(), l.Token.Reveal())
	return s, l
}

// missed counts misses of an address, and returns the last count.
func (w *world) missed(address string, times int, at time.Time) (n int, since time.Time) {
	w.Helper()
	for range times {
		var err error
		if n, since, err = w.db.Links.CountMiss(w.Context(), address, at, 10*time.Minute); err != nil {
			w.Fatal(err)
		}
	}
	return n, since
}

var linkTests = []test{
	{"a link leads to its setup's page, and says how that stands", func(w *world) {
		c := w.customer()
		s, l := w.begun(c)
		want := payments.LinkTarget{Link: l, URL: s.URL, Status: "open"}
		same(w, "target", must[payments.LinkTarget](w)(w.db.Links.LinkTarget(w.Context(), l.Token)), want)
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, instrument(c), "n", start))
		want.Status = "completed"
		same(w, "once it has ended", must[payments.LinkTarget](w)(w.db.Links.LinkTarget(w.Context(), l.Token)), want)
		if _, err := w.db.Links.LinkTarget(w.Context(), prepaid.NewSecret("zzzzzzzzzzzz")); !errors.Is(err, payments.ErrNoLink) {
			w.Errorf("%v; want ErrNoLink", err)
		}
	}},
	{"what is no token leads nowhere, whatever its bytes", func(w *world) {
		l := payments.Links{Store: w.db.Links, PublicURL: "https://pulsa.test", Clock: prepaid.NewVirtualClock(start), Log: slog.New(slog.DiscardHandler)}
		for _, text := range []string{"", "zzzzzzzzzzzz", "zzzz\x00zzzzzzz", "zzzz\xffzzzzzzz", strings.Repeat("z", 1<<16)} {
			if _, err := l.Follow(w.Context(), prepaid.NewSecret(text)); !errors.Is(err, payments.ErrNoLink) {
				w.Errorf("%.20q: %v; want ErrNoLink", text, err)
			}
		}
	}},
	{"a link leads to its order's page, and says how that stands", func(w *world) {
		o := w.placed(w.purchase(w.customer()))
		l := orderLink(o)
		must[prepaid.Secret](w)(w.db.Links.SaveLink(w.Context(), l))
		same(w, "before there is a page", must[payments.LinkTarget](w)(w.db.Links.LinkTarget(w.Context(), l.Token)), payments.LinkTarget{Link: l, Status: "charging"})
		w.apply(topup.Change{Order: o.ID, From: topup.Charging, To: []topup.Status{topup.Confirming}, ActionURL: "https://bank.example/1", RunAt: start, At: start})
		same(w, "target", must[payments.LinkTarget](w)(w.db.Links.LinkTarget(w.Context(), l.Token)),
			payments.LinkTarget{Link: l, URL: "https://bank.example/1", Status: "confirming"})
	}},
	{"a setup and an order keep their links", func(w *world) {
		s, l := w.begun(w.customer())
		again := setupLink(s)
		again.Language, again.ExpiresAt = "en", l.ExpiresAt.Add(time.Hour)
		same(w, "token", must[prepaid.Secret](w)(w.db.Links.SaveLink(w.Context(), again)).Reveal(), l.Token.Reveal())
		l.Language, l.ExpiresAt = again.Language, again.ExpiresAt
		same(w, "later", must[payments.LinkTarget](w)(w.db.Links.LinkTarget(w.Context(), l.Token)).Link, l)
		again.ExpiresAt = start
		must[prepaid.Secret](w)(w.db.Links.SaveLink(w.Context(), again))
		same(w, "never sooner", must[payments.LinkTarget](w)(w.db.Links.LinkTarget(w.Context(), l.Token)).Link, l)
	}},
	{"whoever makes a link at the same time gets the same", func(w *world) {
		s, l := w.begun(w.customer())
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				token, err := w.db.Links.SaveLink(w.Context(), setupLink(s))
				if err != nil || token.Reveal() != l.Token.Reveal() {
					w.Errorf("another token, or %v", err)
				}
			})
		}
		all.Wait()
		same(w, "links", w.counts("short_links"), "short_links 1")
	}},
	{"nobody gets a link that another has", func(w *world) {
		s, _ := w.begun(w.customer())
		_, other := w.begun(w.customer())
		w.exec(`DELETE FROM short_links WHERE target = ?`, s.ID)
		mine := setupLink(s)
		mine.Token = other.Token
		if _, err := w.db.Links.SaveLink(w.Context(), mine); err == nil {
			w.Error("two setups have one token")
		}
	}},
	{"links are forgotten with codes, and with their customer", func(w *world) {
		c := w.customer()
		s, l := w.begun(c)
		w.begun(w.customer())
		w.forgetAll(l.ExpiresAt.AddDate(0, 0, 30), prepaid.Retention{})
		same(w, "after 30 days", w.counts("short_links"), "short_links 2")
		must[bool](w)(w.db.Payments.EndSetup(w.Context(), s.ID, nil, "n", start))
		must[[]prepaid.Address](w)(w.db.Customers.EraseCustomer(w.Context(), operators.Erasure{Customer: c.ID, Pseudonyms: pseudonyms, By: by}, start))
		same(w, "of one who is erased", w.counts("short_links"), "short_links 1")
		w.forgetAll(l.ExpiresAt.AddDate(0, 0, 30).Add(time.Second), prepaid.Retention{})
		same(w, "after more than 30 days", w.counts("short_links"), "short_links 0")
	}},
	{"misses are counted by address, from the first of ten minutes", func(w *world) {
		n, since := w.missed("192.0.2.1", 3, start)
		same(w, "three", n, 3)
		n, since2 := w.missed("192.0.2.1", 1, start.Add(9*time.Minute))
		same(w, "the fourth", n, 4)
		same(w, "since the first", []time.Time{since, since2}, []time.Time{start, start})
		seen := func(address string, at time.Time) int {
			n, _, err := w.db.Links.Misses(w.Context(), address, at, 10*time.Minute)
			w.ok(err)
			return n
		}
		same(w, "read", seen("192.0.2.1", start.Add(9*time.Minute)), 4)
		same(w, "another's", seen("192.0.2.2", start), 0)
		same(w, "after ten minutes", seen("192.0.2.1", start.Add(10*time.Minute)), 0)
		n, since = w.missed("192.0.2.1", 1, start.Add(10*time.Minute))
		same(w, "begins anew", n, 1)
		same(w, "since then", since, start.Add(10*time.Minute))
		w.missed("2001:db8::/64", 1, start)
		same(w, "forgotten", must[int](w)(w.db.Links.ForgetMisses(w.Context(), start.Add(time.Minute))), 1)
		same(w, "left", w.column(`SELECT address FROM short_link_misses`), "192.0.2.1")
	}},
	{"misses at the same time are all counted", func(w *world) {
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				if _, _, err := w.db.Links.CountMiss(w.Context(), "192.0.2.1", start, 10*time.Minute); err != nil {
					w.Error(err)
				}
			})
		}
		all.Wait()
		n, _, err := w.db.Links.Misses(w.Context(), "192.0.2.1", start, 10*time.Minute)
		w.ok(err)
		same(w, "counted", n, 10)
	}},
}
