package operators

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"
)

// Link is a link of the chain that seals a brand's deeds.
type Link struct {
	Brand    string // "" for the deeds that belong to no brand
	Number   int64  // from 1
	SealedAt time.Time
	Deeds    int64  // how many
	Digest   string // over the link before, and each deed
}

// SealLate is how long a deed may stay unsealed while a server runs.
const SealLate = time.Minute

// String is the link as the log shows it and ReadLink reads it: "demo:12:5f0c…".
func (l Link) String() string {
	return l.Brand + ":" + strconv.FormatInt(l.Number, 10) + ":" + l.Digest
}

// errNoLink says that a text names no link.
var errNoLink = errors.New("write BRAND:NUMBER:DIGEST, as the log of the server shows it")

// ReadLink reads a link that was kept outside of the database: its brand, number and digest.
func ReadLink(text string) (Link, error) {
	rest, digest, ok := cutLast(strings.TrimSpace(text))
	brand, number, also := cutLast(rest)
	n, err := strconv.ParseInt(number, 10, 64)
	if !ok || !also || err != nil || n < 1 || len(digest) != 64 {
		return Link{}, errNoLink
	}
	return Link{Brand: brand, Number: n, Digest: digest}, nil
}

func cutLast(text string) (before, after string, found bool) {
	i := strings.LastIndex(text, ":")
	if i < 0 {
		return text, "", false
	}
	return text[:i], text[i+1:], true
}

// ReadLinks reads links, one on each line. Empty lines are left out.
func ReadLinks(text string) ([]Link, error) {
	var links []Link
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) == "" {
			continue
		}
		l, err := ReadLink(line)
		if err != nil {
			return nil, err
		}
		links = append(links, l)
	}
	return links, nil
}

// SealChecker checks the record of deeds against its seal.
type SealChecker interface {
	// CheckSeal returns what shows that deeds were changed, removed or added behind the program's back. kept are links that were kept
	// outside of the database.
	CheckSeal(ctx context.Context, kept []Link, now time.Time) ([]Violation, error)
}
