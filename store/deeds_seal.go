package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/operators"
	"pulsa/prepaid"
)

var _ operators.SealChecker = Deeds{}

// sealedDeed says in which link a deed is sealed, and how it was then.
type sealedDeed struct {
	Brand  string
	Deed   string
	Link   int64
	At     time.Time
	Digest string
}

var (
	deedLinkTable   = newTable[operators.Link]("deed_links", nil)
	sealedDeedTable = newTable[sealedDeed]("deed_sealed", nil)
)

// unsealed is the condition of deeds d that no link has.
const unsealed = `NOT EXISTS (SELECT 1 FROM deed_sealed s WHERE s.brand = d.brand AND s.deed = d.id)`

// sealsAtOnce bounds a link.
const sealsAtOnce = 5000

// Unsealed lists the brands with deeds since then that no link has yet.
func (db Deeds) Unsealed(ctx context.Context, since time.Time) ([]string, error) {
	var brands []string
	// Joined with '', the brand leads to no index of its own: the one by time is meant.
	if err := list(ctx, db.reader, &brands, `SELECT DISTINCT d.brand || '' FROM deeds d WHERE d.at >= ? AND `+unsealed, prepaid.Micros(since)); err != nil {
		return nil, fmt.Errorf("look for unsealed deeds: %w", err)
	}
	slices.Sort(brands)
	return brands, nil
}

// Seal makes the deeds of a brand since then that no link has the next link of its chain, and returns it. false: there are none, or
// somebody else has just made that link. A deed whose transaction commits later gets into a later link.
func (db Deeds) Seal(ctx context.Context, brand string, since, now time.Time) (l operators.Link, sealed bool, err error) {
	err = db.write(ctx, "seal deeds", func(tx *sqlx.Tx) error {
		l, sealed = operators.Link{}, false
		// In this order: whoever seals in between makes a link of this number, and this one is refused.
		last, _, err := deedLinkTable.get(ctx, tx, `WHERE brand = ? ORDER BY number DESC LIMIT 1`, brand)
		if err != nil {
			return err
		}
		deeds, err := deedTable.query(ctx, tx, `SELECT `+deedTable.of("d")+` FROM deeds d WHERE d.brand = ? AND d.at >= ? AND `+unsealed+`
			ORDER BY d.at, d.id LIMIT ?`, brand, prepaid.Micros(since), sealsAtOnce)
		if err != nil || len(deeds) == 0 {
			return err
		}
		l = operators.Link{Brand: brand, Number: last.Number + 1, SealedAt: now, Deeds: int64(len(deeds))}
		rows := make([]sealedDeed, len(deeds))
		for i, d := range deeds {
			rows[i] = sealedDeed{brand, d.ID, l.Number, d.At, d.seal()}
		}
		l.Digest = linkDigest(last.Digest, l, rows)
		if n, err := deedLinkTable.insert(ctx, tx, l, `ON CONFLICT DO NOTHING`); err != nil || n == 0 {
			return err
		}
		for _, r := range rows {
			if _, err := sealedDeedTable.insert(ctx, tx, r, ""); err != nil {
				return err
			}
		}
		sealed = true
		return nil
	})
	return l, sealed && err == nil, err
}

// LastLinks returns the newest link of each of the brands that has one.
func (db Deeds) LastLinks(ctx context.Context, brands []string) ([]operators.Link, error) {
	var links []operators.Link
	for _, brand := range brands {
		l, found, err := deedLinkTable.get(ctx, db.reader, `WHERE brand = ? ORDER BY number DESC LIMIT 1`, brand)
		if err != nil {
			return nil, fmt.Errorf("read the seal: %w", err)
		}
		if found {
			links = append(links, l)
		}
	}
	return links, nil
}

// put adds parts to a hash so that no two lists of parts are the same.
func put(h hash.Hash, parts ...string) {
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s,", len(p), p)
	}
}

func hexOf(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }

// seal is the digest of a deed. What it is over can never change: links keep it.
func (r deedRow) seal() string {
	h := sha256.New()
	put(h, r.Brand, r.ID, r.What, r.Kind, r.Object, r.Old, r.New, r.Details, r.Of, r.Who, r.Why, r.Role, r.From, r.ApprovedBy, r.Operation,
		fmt.Sprint(prepaid.Micros(r.At)))
	return hexOf(h)
}

// linkDigest is a link's digest over the one before and its deeds, which it puts in the order of their ids.
func linkDigest(before string, l operators.Link, rows []sealedDeed) string {
	slices.SortFunc(rows, func(a, b sealedDeed) int {
		if a.Deed < b.Deed {
			return -1
		}
		return 1
	})
	h := sha256.New()
	put(h, before, l.Brand, fmt.Sprint(l.Number), fmt.Sprint(prepaid.Micros(l.SealedAt)), fmt.Sprint(l.Deeds))
	for _, r := range rows {
		put(h, r.Deed, fmt.Sprint(prepaid.Micros(r.At)), r.Digest)
	}
	return hexOf(h)
}

const (
	linksAtOnce = 200 // that a check reads
	// lateBy is by how much a deed may be older than the link before its own: its transaction was long, or another copy's clock is wrong.
	lateBy = time.Hour
	// keptFor is for how long nobody may delete a deed.
	keptFor = 3653 * 24 * time.Hour
)

// sealCheck collects what a check of the seal finds.
type sealCheck struct {
	db    Deeds
	now   time.Time
	kept  []operators.Link
	found []operators.Violation
}

func (c *sealCheck) finds(format string, args ...any) {
	c.found = append(c.found, operators.Violation{Invariant: 11, Text: fmt.Sprintf(format, args...)})
}

// CheckSeal implements operators.SealChecker. It reads the whole record, a part at a time.
func (db Deeds) CheckSeal(ctx context.Context, kept []operators.Link, now time.Time) ([]operators.Violation, error) {
	c := &sealCheck{db: db, now: now, kept: kept}
	var brands []string
	err := list(ctx, db.reader, &brands, `SELECT DISTINCT brand FROM deed_links UNION SELECT DISTINCT brand FROM deed_sealed`)
	if err != nil {
		return nil, fmt.Errorf("check the seal: %w", err)
	}
	for _, k := range kept {
		brands = append(brands, k.Brand)
	}
	slices.Sort(brands)
	for _, brand := range slices.Compact(brands) {
		err = errors.Join(err, c.chain(ctx, brand))
	}
	if err = errors.Join(err, c.details(ctx), c.unsealed(ctx)); err != nil {
		return nil, fmt.Errorf("check the seal: %w", err)
	}
	return c.found, nil
}

// chain checks the links of a brand, and their deeds.
func (c *sealCheck) chain(ctx context.Context, brand string) error {
	last := operators.Link{}
	outside := map[int64]string{}
	for _, k := range c.kept {
		if k.Brand == brand {
			outside[k.Number] = k.Digest
		}
	}
	for {
		links, err := deedLinkTable.list(ctx, c.db.reader, `WHERE brand = ? AND number > ? ORDER BY number LIMIT ?`, brand, last.Number, linksAtOnce)
		if err != nil || len(links) == 0 {
			for number := range outside {
				if err == nil {
					c.finds("link %d of %s was kept outside, and the record has none: its end was cut off", number, shownBrand(brand))
				}
			}
			return err
		}
		from, to := links[0].Number, links[len(links)-1].Number
		rows, err := sealedDeedTable.list(ctx, c.db.reader, `WHERE brand = ? AND link >= ? AND link <= ?`, brand, from, to)
		if err != nil {
			return err
		}
		deeds, err := deedTable.query(ctx, c.db.reader, `SELECT `+deedTable.of("d")+` FROM deed_sealed s JOIN deeds d ON d.brand = s.brand AND d.id = s.deed
			WHERE s.brand = ? AND s.link >= ? AND s.link <= ?`, brand, from, to)
		if err != nil {
			return err
		}
		byID := make(map[string]deedRow, len(deeds))
		for _, d := range deeds {
			byID[d.ID] = d
		}
		of := map[int64][]sealedDeed{}
		for _, r := range rows {
			of[r.Link] = append(of[r.Link], r)
		}
		for _, l := range links {
			if l.Number != last.Number+1 {
				c.finds("link %d of %s is missing", last.Number+1, shownBrand(brand))
			}
			if kept, told := outside[l.Number]; told && kept != l.Digest {
				c.finds("link %d of %s is another than was kept outside: the record was written anew", l.Number, shownBrand(brand))
			}
			delete(outside, l.Number)
			c.link(last, l, of[l.Number], byID)
			last = l
		}
	}
}

// link checks one link after the one before.
func (c *sealCheck) link(last, l operators.Link, rows []sealedDeed, deeds map[string]deedRow) {
	if int64(len(rows)) != l.Deeds || linkDigest(last.Digest, l, rows) != l.Digest {
		c.finds("link %d of %s does not fit the link before and its %d deeds: the chain is broken there", l.Number, shownBrand(l.Brand), l.Deeds)
	}
	for _, r := range rows {
		d, there := deeds[r.Deed]
		switch {
		case !there && r.At.After(c.now.Add(-keptFor)):
			c.finds("deed %s of %s, of %s, is missing", r.Deed, shownBrand(l.Brand), r.At.UTC().Format(time.RFC3339))
		case there && d.seal() != r.Digest:
			c.finds("deed %s of %s, of %s, was changed after it was sealed", r.Deed, shownBrand(l.Brand), r.At.UTC().Format(time.RFC3339))
		}
		if !last.SealedAt.IsZero() && r.At.Before(last.SealedAt.Add(-lateBy)) {
			c.finds("deed %s of %s says it is of %s, and was not there when link %d was sealed at %s", r.Deed, shownBrand(l.Brand), r.At.UTC().Format(time.RFC3339),
				last.Number, last.SealedAt.UTC().Format(time.RFC3339))
		}
	}
}

// details checks what deeds say of customers against the digests that the deeds keep. What is erased is no finding.
func (c *sealCheck) details(ctx context.Context) error {
	var last struct{ Brand, Deed string }
	for {
		rows, err := deedDetailsTable.list(ctx, c.db.reader, `WHERE (brand, deed) > (?, ?) ORDER BY brand, deed LIMIT ?`, last.Brand, last.Deed, sealsAtOnce)
		if err != nil || len(rows) == 0 {
			return err
		}
		end := rows[len(rows)-1]
		var kept []struct{ Brand, ID, Details string }
		err = list(ctx, c.db.reader, &kept, `SELECT d.brand, d.id, d.details FROM deed_details x JOIN deeds d ON d.brand = x.brand AND d.id = x.deed
			WHERE (x.brand, x.deed) > (?, ?) AND (x.brand, x.deed) <= (?, ?)`, last.Brand, last.Deed, end.Brand, end.Deed)
		if err != nil {
			return err
		}
		digests := map[string]string{}
		for _, k := range kept {
			digests[k.ID] = k.Details
		}
		for _, r := range rows {
			if digests[r.Deed] != r.digest() {
				c.finds("what deed %s of %s says of a customer was changed", r.Deed, shownBrand(r.Brand))
			}
		}
		last.Brand, last.Deed = end.Brand, end.Deed
	}
}

// unsealed finds deeds that should be sealed by now. Where no server runs, nobody seals.
func (c *sealCheck) unsealed(ctx context.Context) error {
	running, err := c.db.runningCopies(ctx, c.db.reader)
	if err != nil || !slices.ContainsFunc(running, func(r operators.Copy) bool { return r.SeenAt.Sub(r.StartedAt) > operators.SealLate }) {
		return err
	}
	var late []struct {
		Brand string
		N     int
		First int64
	}
	err = list(ctx, c.db.reader, &late, `SELECT d.brand AS brand, COUNT(*) AS n, MIN(d.at) AS first FROM deeds d WHERE d.at < ? AND `+unsealed+` GROUP BY d.brand`,
		prepaid.Micros(c.now.Add(-operators.SealLate)))
	for _, l := range late {
		c.finds("%d deeds of %s are not sealed, the oldest of %s", l.N, shownBrand(l.Brand), prepaid.FromMicros(l.First).UTC().Format(time.RFC3339))
	}
	return err
}

// shownBrand names a brand in a finding.
func shownBrand(brand string) string {
	if brand == "" {
		return "no brand"
	}
	return "brand " + brand
}
