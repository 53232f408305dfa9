package operators

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// MachinePauses are the commands of the machine on brands' pauses.
type MachinePauses struct{ Desk *Desk }

// PauseRequest asks for a pause as a command writes it.
type PauseRequest struct {
	Brand string
	Until string            // "14:00", "2027-12-31 14:00" in the brand's time zone, or RFC 3339; "" until somebody resumes
	Texts map[string]string // by language; "" for none
}

// Pause pauses a brand. Errors: ErrNoReason, *FieldError.
func (m MachinePauses) Pause(ctx context.Context, r PauseRequest, by prepaid.By) (Done, error) {
	b := m.Desk.Brands.Known(r.Brand)
	if b == nil {
		return "", &FieldError{Field: "brand", Value: r.Brand, Err: errors.New("there is no such brand")}
	}
	op := PauseBrand{Brand: b.Name, Texts: map[string]string{}}
	for language, text := range r.Texts {
		switch text = strings.TrimSpace(text); {
		case text == "":
		case !slices.Contains(b.Languages, language):
			return "", &FieldError{Field: "text-" + language, Err: fmt.Errorf("the brand speaks %s", strings.Join(b.Languages, ", "))}
		default:
			op.Texts[language] = text
		}
	}
	var err error
	if op.Until, err = readUntil(r.Until, b.TimeZone, m.Desk.Clock.Now()); err != nil {
		return "", &FieldError{Field: "until", Value: r.Until, Err: err}
	}
	return m.do(ctx, op, by)
}

// Resume ends a brand's pause. Errors: ErrNoReason, and where it is not paused.
func (m MachinePauses) Resume(ctx context.Context, brand string, by prepaid.By) (Done, error) {
	return m.do(ctx, ResumeBrand{brand}, by)
}

// do plans and carries out. Who has a shell on the machine has every right, and asks nobody.
func (m MachinePauses) do(ctx context.Context, op Operation, by prepaid.By) (Done, error) {
	if err := needsReason(by); err != nil {
		return "", err
	}
	if _, err := op.Plan(ctx, m.Desk); err != nil {
		return "", err
	}
	r, err := op.Carry(ctx, m.Desk, by)
	return Done(r.Text), err
}

// readUntil reads a time in a zone. A time of day is the next one.
func readUntil(text string, zone *time.Location, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if zone == nil {
		zone = time.UTC
	}
	here := now.In(zone)
	if day, err := time.Parse("15:04", text); err == nil {
		at := time.Date(here.Year(), here.Month(), here.Day(), day.Hour(), day.Minute(), 0, 0, zone)
		if !at.After(now) {
			at = time.Date(here.Year(), here.Month(), here.Day()+1, day.Hour(), day.Minute(), 0, 0, zone)
		}
		return at.UTC(), nil
	}
	for _, layout := range []string{"2006-01-02 15:04", time.RFC3339} {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, errors.New("write 14:00 or 2027-12-31 14:00, in the brand's time zone, or 2027-12-31T18:00:00Z")
}

// CheckPauses warns of each brand that is paused.
func CheckPauses(all []Pause, now time.Time) []Finding {
	var findings []Finding
	for _, p := range all {
		if !p.Active(now) {
			continue
		}
		found := "paused since " + stamp(p.At)
		if !p.Until.IsZero() {
			found += ", until " + stamp(p.Until)
		}
		findings = append(findings, Warning("brand "+p.Brand, found+", by "+p.Who+": "+p.Why, "end it when it may sell again: pulsa brands resume --brand "+p.Brand))
	}
	return findings
}
