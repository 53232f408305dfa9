package storetest

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
)

// worker is somebody of the staff. Each call adds another.
func (w *world) worker() operators.Person {
	w.Helper()
	n := w.next()
	p := operators.Person{
		ID: prepaid.NewID[operators.PersonID](), Name: fmt.Sprint("Anna ", n), Email: fmt.Sprintf("anna%d@acme.example", n), Language: "en", TimeZone: "UTC",
		Roles: map[string][]operators.Role{brand: {operators.Support}}, Goodwill: map[prepaid.Currency]int64{"EUR": 2500}, State: operators.PersonActive,
		CreatedAt: start, ChangedAt: start,
	}
	p.Factor = []byte{}
	w.ok(w.db.People.AddPerson(w.Context(), p, operators.PersonChange{Deed: personDeed("add person", p.ID)}))
	return p
}

func personDeed(what string, id operators.PersonID) prepaid.Deed {
	return prepaid.Deed{What: what, Kind: prepaid.OnPerson, Object: string(id), By: by, At: start}
}

func session(p operators.PersonID, hash string) operators.Session {
	return operators.Session{Hash: hash, Person: p, From: "192.0.2.7", Agent: "Firefox", Way: operators.ByPassword,
		StartedAt: start, FreshAt: start, SeenAt: start, ExpiresAt: start.Add(30 * time.Minute)}
}

// staff fills the tables of people.
func (w *world) staff() {
	w.Helper()
	p := w.worker()
	link := operators.PersonLink{Hash: "link of " + string(p.ID), Person: p.ID, Purpose: operators.LinkSetUp, CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
	w.ok(w.db.People.ChangePerson(w.Context(), p.ID, func(*operators.Person) (operators.PersonChange, error) {
		return operators.PersonChange{Deed: personDeed("link to set sign-in", p.ID), Link: &link}, nil
	}))
	w.ok(w.db.People.StartSession(w.Context(), session(p.ID, "session of "+string(p.ID))))
	must[operators.Tries](w)(w.db.People.CountTry(w.Context(), "from 192.0.2.7", operators.TryLimit{Tries: 5, Within: time.Hour, Lock: time.Hour}, start))
}

var peopleTests = []test{
	{"a person is read back whole, and found by address and subject", func(w *world) {
		want := filled(func(p *operators.Person) {
			p.Email, p.State = "anna@acme.example", operators.PersonActive
		})
		w.ok(w.db.People.AddPerson(w.Context(), want, operators.PersonChange{Deed: personDeed("add person", want.ID)}))
		same(w, "by id", must[operators.Person](w)(w.db.People.Person(w.Context(), want.ID)), want)
		same(w, "by address", must[operators.Person](w)(w.db.People.PersonByEmail(w.Context(), "Anna@Acme.example")), want)
		same(w, "by subject", must[operators.Person](w)(w.db.People.PersonBySubject(w.Context(), want.Issuer, want.Subject)), want)
		same(w, "listed", must[[]operators.Person](w)(w.db.People.People(w.Context())), []operators.Person{want})
		for _, err := range []error{
			second(w.db.People.Person(w.Context(), "nobody")), second(w.db.People.PersonByEmail(w.Context(), "nobody@acme.example")),
			second(w.db.People.PersonBySubject(w.Context(), want.Issuer, "nobody")), second(w.db.People.PersonBySubject(w.Context(), "", "")),
		} {
			if !errors.Is(err, operators.ErrNoPerson) {
				w.Error(err)
			}
		}
		same(w, "deeds", w.counts("deeds"), "deeds 1")
	}},
	{"an e-mail address is one person's, in any case", func(w *world) {
		p := w.worker()
		twin := p
		twin.ID, twin.Email = "twin", "ANNA"+p.Email[4:]
		if err := w.db.People.AddPerson(w.Context(), twin, operators.PersonChange{Deed: personDeed("add person", twin.ID)}); !errors.Is(err, operators.ErrEmailTaken) {
			w.Error(err)
		}
		other := w.worker()
		err := w.db.People.ChangePerson(w.Context(), other.ID, func(o *operators.Person) (operators.PersonChange, error) {
			o.Email = twin.Email
			return operators.PersonChange{Deed: personDeed("change", other.ID)}, nil
		})
		if !errors.Is(err, operators.ErrEmailTaken) {
			w.Error(err)
		}
		same(w, "deeds", w.counts("deeds"), "deeds 2")
	}},
	{"a change that fails stores nothing", func(w *world) {
		p := w.worker()
		err := w.db.People.ChangePerson(w.Context(), p.ID, func(o *operators.Person) (operators.PersonChange, error) {
			o.Name = "Eve"
			return operators.PersonChange{Deed: personDeed("change", p.ID)}, operators.ErrPersonLeft
		})
		if !errors.Is(err, operators.ErrPersonLeft) {
			w.Error(err)
		}
		same(w, "person", must[operators.Person](w)(w.db.People.Person(w.Context(), p.ID)), p)
		same(w, "deeds", w.counts("deeds"), "deeds 1")
	}},
	{"who is signed out has no session and no link left", func(w *world) {
		w.staff()
		other := w.worker()
		w.ok(w.db.People.StartSession(w.Context(), session(other.ID, "other")))
		p := must[[]operators.Person](w)(w.db.People.People(w.Context()))[0]
		w.ok(w.db.People.ChangePerson(w.Context(), p.ID, func(*operators.Person) (operators.PersonChange, error) {
			return operators.PersonChange{Deed: personDeed("person leaves", p.ID), SignOut: true}, nil
		}))
		ended := session(p.ID, "session of "+string(p.ID))
		w.ok(w.db.People.TouchSession(w.Context(), ended)) // a request that was under way
		_, found, err := w.db.People.Session(w.Context(), ended.Hash, start)
		same(w, "session", fmt.Sprint(found, err), "false <nil>")
		same(w, "another's", len(must[[]operators.Session](w)(w.db.People.SessionsOf(w.Context(), other.ID, start))), 1)
		link := must[operators.PersonLink](w)(w.db.People.PersonLink(w.Context(), "link of "+string(p.ID)))
		same(w, "used", link.UsedAt, start)
	}},
	{"a link is used once, by many at once", func(w *world) {
		w.staff()
		p := must[[]operators.Person](w)(w.db.People.People(w.Context()))[0]
		var used atomic.Int32
		together(8, func(int) {
			err := w.db.People.ChangePerson(w.Context(), p.ID, func(*operators.Person) (operators.PersonChange, error) {
				return operators.PersonChange{Deed: personDeed("set sign-in", p.ID), UseLink: "link of " + string(p.ID)}, nil
			})
			switch {
			case err == nil:
				used.Add(1)
			case !errors.Is(err, operators.ErrLinkDead):
				w.Error(err)
			}
		})
		same(w, "used", used.Load(), 1)
		if err := second(w.db.People.PersonLink(w.Context(), "another")); !errors.Is(err, operators.ErrLinkDead) {
			w.Error(err)
		}
	}},
	{"a session is read back whole until it expires", func(w *world) {
		p := w.worker()
		want := filled(func(s *operators.Session) { s.Person = p.ID })
		w.ok(w.db.People.StartSession(w.Context(), want))
		read := func(now time.Time) (operators.Session, bool) {
			s, found, err := w.db.People.Session(w.Context(), want.Hash, now)
			w.ok(err)
			return s, found
		}
		got, _ := read(start)
		same(w, "session", got, want)
		want.SeenAt, want.FreshAt, want.ExpiresAt = start.Add(time.Hour), start.Add(2*time.Hour), start.Add(3*time.Hour)
		w.ok(w.db.People.TouchSession(w.Context(), want))
		got, _ = read(start)
		same(w, "touched", got, want)
		_, found := read(want.ExpiresAt)
		same(w, "expired", found, false)
		w.ok(w.db.People.EndSession(w.Context(), want.Hash))
		_, found = read(start)
		same(w, "ended", found, false)
	}},
	{"tries are counted until they lock, and begin anew", func(w *world) {
		limit := operators.TryLimit{Tries: 3, Within: 10 * time.Minute, Lock: 5 * time.Minute}
		count := func(at time.Duration) string {
			tries := must[operators.Tries](w)(w.db.People.CountTry(w.Context(), "email x", limit, start.Add(at)))
			if tries.LockedUntil.IsZero() {
				return fmt.Sprint(tries.Count)
			}
			return fmt.Sprint(tries.Count, " until ", tries.LockedUntil.Sub(start))
		}
		same(w, "first", count(0), "1")
		same(w, "second", count(time.Minute), "2")
		same(w, "third", count(2*time.Minute), "3 until 7m0s")
		same(w, "locked", count(6*time.Minute), "4 until 7m0s")
		same(w, "after the lock", count(7*time.Minute), "1")
		same(w, "again", count(8*time.Minute), "2")
		same(w, "long after", count(18*time.Minute), "1")
		w.ok(w.db.People.ForgiveTry(w.Context(), "email x"))
		same(w, "forgiven", count(19*time.Minute), "1")
		w.ok(w.db.People.ForgetTries(w.Context(), "email x"))
		same(w, "forgotten", w.counts("sign_in_tries"), "sign_in_tries 0")
	}},
	{"no try goes uncounted among many at once", func(w *world) {
		limit := operators.TryLimit{Tries: 5, Within: time.Hour, Lock: time.Hour}
		var free atomic.Int32
		together(20, func(int) {
			if must[operators.Tries](w)(w.db.People.CountTry(w.Context(), "email x", limit, start)).Count <= limit.Tries {
				free.Add(1)
			}
		})
		same(w, "free", free.Load(), 5)
	}},
	{"what has ended is forgotten", func(w *world) {
		w.staff()
		same(w, "too soon", must[int](w)(w.db.People.ForgetSessions(w.Context(), start.Add(time.Minute))), 0)
		same(w, "the session", must[int](w)(w.db.People.ForgetSessions(w.Context(), start.Add(time.Hour))), 1)
		same(w, "the rest", must[int](w)(w.db.People.ForgetSessions(w.Context(), start.Add(26*time.Hour))), 2)
		same(w, "people", w.counts("people"), "people 1")
	}},
}

// second is the error of two results.
func second[T any](_ T, err error) error { return err }
