package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

// People keeps our own staff, their sessions, and how often somebody tried to sign in.
type People struct{ *core }

var (
	_ operators.PeopleStore  = People{}
	_ operators.SessionStore = People{}
	_ operators.TryStore     = People{}
)

var (
	personTable      = newTable[operators.Person]("people", names{"ID": "id,once", "CreatedAt": "created_at,once"})
	personLinkTable  = newTable[operators.PersonLink]("people_links", nil)
	deskSessionTable = newTable[operators.Session]("desk_sessions", names{"From": "origin"})
)

// Person implements operators.PeopleStore.
func (db People) Person(ctx context.Context, id operators.PersonID) (operators.Person, error) {
	return getPerson(ctx, db.reader, `WHERE id = ?`, id)
}

// PersonByEmail implements operators.PeopleStore.
func (db People) PersonByEmail(ctx context.Context, email string) (operators.Person, error) {
	return getPerson(ctx, db.reader, `WHERE email = ?`, strings.ToLower(email))
}

// PersonBySubject implements operators.PeopleStore.
func (db People) PersonBySubject(ctx context.Context, issuer, subject string) (operators.Person, error) {
	return getPerson(ctx, db.reader, `WHERE issuer = ? AND subject = ? AND subject <> ''`, issuer, subject)
}

func getPerson(ctx context.Context, q querier, rest string, args ...any) (operators.Person, error) {
	p, found, err := personTable.get(ctx, q, rest, args...)
	if err == nil && !found {
		err = operators.ErrNoPerson
	}
	if err != nil {
		return operators.Person{}, fmt.Errorf("read person: %w", err)
	}
	return p, nil
}

// People implements operators.PeopleStore.
func (db People) People(ctx context.Context) ([]operators.Person, error) {
	people, err := personTable.list(ctx, db.reader, `ORDER BY name, id`)
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	return people, nil
}

// AddPerson implements operators.PeopleStore.
func (db People) AddPerson(ctx context.Context, p operators.Person, c operators.PersonChange) error {
	return db.write(ctx, "add person", func(tx *sqlx.Tx) error {
		rows, err := personTable.insert(ctx, tx, storedPerson(p), `ON CONFLICT (email) DO NOTHING`)
		if err == nil && rows == 0 {
			err = operators.ErrEmailTaken
		}
		if err != nil {
			return err
		}
		return finishPerson(ctx, tx, p.ID, c)
	})
}

// storedPerson is the person as the columns hold them: none is NULL.
func storedPerson(p operators.Person) operators.Person {
	p.Email = strings.ToLower(p.Email)
	if p.Roles == nil {
		p.Roles = map[string][]operators.Role{}
	}
	if p.Goodwill == nil {
		p.Goodwill = map[prepaid.Currency]int64{}
	}
	if p.Factor == nil {
		p.Factor = []byte{}
	}
	return p
}

// ChangePerson implements operators.PeopleStore.
func (db People) ChangePerson(ctx context.Context, id operators.PersonID, change func(*operators.Person) (operators.PersonChange, error)) error {
	return db.write(ctx, "change person", func(tx *sqlx.Tx) error {
		p, err := getPerson(ctx, tx, `WHERE id = ?`+db.forUpdate, id)
		if err != nil {
			return err
		}
		was := p.Email
		done, err := change(&p)
		if err != nil {
			return err
		}
		p = storedPerson(p)
		if p.Email != was {
			taken, err := get(ctx, tx, new(int), `SELECT 1 FROM people WHERE email = ?`, p.Email)
			if err == nil && taken {
				err = operators.ErrEmailTaken
			}
			if err != nil {
				return err
			}
		}
		if err := personTable.update(ctx, tx, p, `id = ?`, id); err != nil {
			return err
		}
		return finishPerson(ctx, tx, id, done)
	})
}

func finishPerson(ctx context.Context, tx *sqlx.Tx, id operators.PersonID, c operators.PersonChange) error {
	if c.UseLink != "" {
		rows, err := exec(ctx, tx, `UPDATE people_links SET used_at = ? WHERE hash = ? AND person = ? AND used_at = 0`, prepaid.Micros(c.Deed.At), c.UseLink, id)
		if err == nil && rows == 0 {
			err = operators.ErrLinkDead
		}
		if err != nil {
			return err
		}
	}
	if c.SignOut || c.Link != nil { // a link from before would undo the change
		if _, err := exec(ctx, tx, `UPDATE people_links SET used_at = ? WHERE person = ? AND used_at = 0`, prepaid.Micros(c.Deed.At), id); err != nil {
			return err
		}
	}
	if c.Link != nil {
		if _, err := personLinkTable.insert(ctx, tx, *c.Link, ""); err != nil {
			return err
		}
	}
	if c.SignOut {
		if _, err := exec(ctx, tx, `DELETE FROM desk_sessions WHERE person = ?`, id); err != nil {
			return err
		}
	}
	return recordDeed(ctx, tx, c.Deed)
}

// PersonLink implements operators.PeopleStore.
func (db People) PersonLink(ctx context.Context, hash string) (operators.PersonLink, error) {
	l, found, err := personLinkTable.get(ctx, db.reader, `WHERE hash = ?`, hash)
	if err == nil && !found {
		err = operators.ErrLinkDead
	}
	if err != nil {
		return operators.PersonLink{}, fmt.Errorf("read link: %w", err)
	}
	return l, nil
}

// Session implements operators.SessionStore.
func (db People) Session(ctx context.Context, hash string, now time.Time) (operators.Session, bool, error) {
	s, found, err := deskSessionTable.get(ctx, db.reader, `WHERE hash = ? AND expires_at > ?`, hash, prepaid.Micros(now))
	if err != nil {
		return operators.Session{}, false, fmt.Errorf("read session: %w", err)
	}
	return s, found, nil
}

// StartSession implements operators.SessionStore.
func (db People) StartSession(ctx context.Context, s operators.Session) error {
	if _, err := deskSessionTable.insert(ctx, db.writer, s, ""); err != nil {
		return fmt.Errorf("start session: %w", err)
	}
	return nil
}

// TouchSession implements operators.SessionStore.
func (db People) TouchSession(ctx context.Context, s operators.Session) error {
	_, err := exec(ctx, db.writer, `UPDATE desk_sessions SET fresh_at = ?, seen_at = ?, expires_at = ? WHERE hash = ?`,
		prepaid.Micros(s.FreshAt), prepaid.Micros(s.SeenAt), prepaid.Micros(s.ExpiresAt), s.Hash)
	if err != nil {
		return fmt.Errorf("touch session: %w", err)
	}
	return nil
}

// EndSession implements operators.SessionStore.
func (db People) EndSession(ctx context.Context, hash string) error {
	if _, err := exec(ctx, db.writer, `DELETE FROM desk_sessions WHERE hash = ?`, hash); err != nil {
		return fmt.Errorf("end session: %w", err)
	}
	return nil
}

// SessionsOf implements operators.SessionStore.
func (db People) SessionsOf(ctx context.Context, person operators.PersonID, now time.Time) ([]operators.Session, error) {
	sessions, err := deskSessionTable.list(ctx, db.reader, `WHERE person = ? AND expires_at > ? ORDER BY seen_at DESC, hash`, person, prepaid.Micros(now))
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	return sessions, nil
}

// triesRow is how often somebody tried to sign in, since when, and until when they are locked out.
type triesRow struct{ Tries, LockedUntil int64 }

// CountTry implements operators.TryStore.
func (db People) CountTry(ctx context.Context, who string, l operators.TryLimit, now time.Time) (operators.Tries, error) {
	var row triesRow
	at := prepaid.Micros(now)
	old, until := prepaid.Micros(now.Add(-l.Within)), prepaid.Micros(now.Add(l.Lock))
	anew := `(t.locked_until > 0 AND t.locked_until <= CAST(? AS BIGINT)) OR (t.locked_until = 0 AND t.since <= CAST(? AS BIGINT))`
	_, err := get(ctx, db.writer, &row, `
		INSERT INTO sign_in_tries AS t (who, tries, since, locked_until) VALUES (?, 1, ?, 0)
		ON CONFLICT (who) DO UPDATE SET
			tries = CASE WHEN `+anew+` THEN 1 ELSE t.tries + 1 END,
			since = CASE WHEN `+anew+` THEN excluded.since ELSE t.since END,
			locked_until = CASE WHEN `+anew+` THEN 0 WHEN t.locked_until > 0 THEN t.locked_until
				WHEN t.tries + 1 >= CAST(? AS BIGINT) THEN CAST(? AS BIGINT) ELSE 0 END
		RETURNING tries, locked_until`, who, at, at, old, at, old, at, old, l.Tries, until)
	if err != nil {
		return operators.Tries{}, fmt.Errorf("count try to sign in: %w", err)
	}
	return operators.Tries{Count: int(row.Tries), LockedUntil: prepaid.FromMicros(row.LockedUntil)}, nil
}

// ForgiveTry implements operators.TryStore.
func (db People) ForgiveTry(ctx context.Context, who string) error {
	_, err := exec(ctx, db.writer, `UPDATE sign_in_tries SET tries = tries - 1, locked_until = 0 WHERE who = ? AND tries > 0`, who)
	if err != nil {
		return fmt.Errorf("take back try to sign in: %w", err)
	}
	return nil
}

// ForgetTries implements operators.TryStore.
func (db People) ForgetTries(ctx context.Context, who string) error {
	if _, err := exec(ctx, db.writer, `DELETE FROM sign_in_tries WHERE who = ?`, who); err != nil {
		return fmt.Errorf("forget tries to sign in: %w", err)
	}
	return nil
}

// ForgetSessions deletes sessions that have ended, and tries and links that count no more. It returns how many rows.
func (db People) ForgetSessions(ctx context.Context, now time.Time) (forgotten int, err error) {
	at, yesterday := prepaid.Micros(now), prepaid.Micros(now.Add(-24*time.Hour))
	for _, step := range []struct {
		query string
		args  []any
	}{
		{`DELETE FROM desk_sessions WHERE expires_at <= ?`, []any{at}},
		{`DELETE FROM sign_in_tries WHERE since <= ? AND locked_until <= ?`, []any{yesterday, at}},
		{`DELETE FROM people_links WHERE expires_at <= ?`, []any{yesterday}},
	} {
		rows, err := exec(ctx, db.writer, step.query, step.args...)
		if err != nil {
			return forgotten, fmt.Errorf("forget sessions: %w", err)
		}
		forgotten += int(rows)
	}
	return forgotten, nil
}
