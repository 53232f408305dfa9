package operators

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"pulsa/accounts"
	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/topup"
)

// CallerFact is what a caller is asked, to tell who they are.
type CallerFact string

// The facts. FactCode is a code that was sent to the customer's number, and which the caller reads back.
const (
	FactCode       CallerFact = "code"
	FactLastTopUp  CallerFact = "last top-up" // its amount and its day
	FactInstrument CallerFact = "way to pay"  // the last four digits
	FactRegistered CallerFact = "registered"  // the month
)

// CallerOutcome is what came of a check.
type CallerOutcome string

// The outcomes.
const (
	CallerSent  CallerOutcome = "sent" // a code, which nobody has read back yet
	CallerRight CallerOutcome = "right"
	CallerWrong CallerOutcome = "wrong"
)

const (
	callerFor     = 30 * time.Minute // how long a caller counts as known
	callerFacts   = 2                // how many facts must be right
	callerWindow  = 24 * time.Hour
	callerWrong   = 5 // wrong answers in that window, whoever asks
	callerCodes   = 5 // codes in that window
	callerCodeFor = 10 * time.Minute
)

// CallerCheck is one check of who is calling.
type CallerCheck struct {
	ID       string
	Brand    string
	Customer prepaid.CustomerID
	Person   PersonID
	Fact     CallerFact
	Outcome  CallerOutcome
	Code     prepaid.NoticeID // that sends the code; "" for a fact
	At       time.Time
}

// CallerLimits is how many checks with an outcome a customer may have since a time.
type CallerLimits struct {
	Since time.Time
	Most  map[CallerOutcome]int
}

// CallerStore keeps how callers were checked.
type CallerStore interface {
	// SaveCheck keeps a check and its deed, and has the code sent of one that sends it: to phone, in the customer's language. ErrManyChecks
	// where the customer has had as many, whoever has asked. One that is kept already stays as it is.
	SaveCheck(ctx context.Context, c CallerCheck, phone accounts.Place, l CallerLimits, by prepaid.By) error
	// Checks lists those of a customer since a time, oldest first.
	Checks(ctx context.Context, brand string, c prepaid.CustomerID, since time.Time) ([]CallerCheck, error)
}

// CodeChecker judges one-time codes: accounts.Service. Errors: accounts.ErrWrongCode, accounts.ErrCodeExpired.
type CodeChecker interface {
	CheckCode(ctx context.Context, brand string, a prepaid.Address, m prepaid.MSISDN, code prepaid.Secret, operationKey string) error
}

// Refusals of what needs to know who is calling.
var (
	ErrNotVerified = errors.New("first find out who is calling: have a code read back, or two facts told")
	ErrManyChecks  = errors.New("too many checks of this customer's callers: try again tomorrow, or ask them to write from their number")
	ErrNoFact      = errors.New("there is nothing to ask that about")
	ErrCallerWrong = errors.New("that is not right")
	ErrCallerCode  = errors.New("that code is too old, used up or was never sent: send another")
)

// Caller is who is calling, as far as a person at the desk knows.
type Caller struct {
	How       CallerFact   // "" not verified, FactCode, or FactsTold
	At        time.Time    // when that was found out
	Until     time.Time    // how long it holds
	Right     []CallerFact // what was told right in that time
	Sent      time.Time    // when a code was sent that can still be read back; zero for none
	WrongLeft int          // how many wrong answers are left today
	Ask       []CallerFact // what can be asked
}

// FactsTold is how a caller is known who has told enough facts.
const FactsTold CallerFact = "facts"

// Verified reports whether it is known who is calling.
func (c Caller) Verified() bool { return c.How != "" }

// Told reports whether a fact was told right.
func (c Caller) Told(f CallerFact) bool {
	for _, right := range c.Right {
		if right == f {
			return true
		}
	}
	return false
}

// Caller tells how far a person knows who is calling for a customer, at a time.
func (s Customers) Caller(ctx context.Context, c accounts.Customer, p PersonID, at time.Time) (Caller, error) {
	checks, err := s.Callers.Checks(ctx, c.Brand, c.ID, at.Add(-callerWindow))
	if err != nil {
		return Caller{}, err
	}
	known := Caller{WrongLeft: callerWrong}
	for _, k := range checks {
		if k.At.After(at) {
			continue
		}
		if k.Outcome == CallerWrong {
			known.WrongLeft = max(known.WrongLeft-1, 0)
		}
		if k.Person == p {
			known.add(k, at)
		}
	}
	if known.How == FactCode && !known.At.Before(known.Sent) { // that code was read back
		known.Sent = time.Time{}
	}
	known.Ask, err = s.askable(ctx, c)
	return known, err
}

// add takes a check of the person's own into account.
func (c *Caller) add(k CallerCheck, at time.Time) {
	switch {
	case k.Outcome == CallerSent && at.Before(k.At.Add(callerCodeFor)):
		c.Sent = k.At
	case k.Outcome != CallerRight || !at.Before(k.At.Add(callerFor)):
	case k.Fact == FactCode:
		c.How, c.At, c.Until = FactCode, k.At, k.At.Add(callerFor)
	case !c.Told(k.Fact):
		c.Right = append(c.Right, k.Fact)
		if len(c.Right) >= callerFacts && c.How == "" {
			c.How, c.At, c.Until = FactsTold, k.At, k.At.Add(callerFor)
		}
	}
}

// askable lists the facts that are known of a customer.
func (s Customers) askable(ctx context.Context, c accounts.Customer) ([]CallerFact, error) {
	facts := []CallerFact{FactRegistered}
	if lastFour(c.Pays.Display) != "" {
		facts = append(facts, FactInstrument)
	}
	last, err := s.lastTopUp(ctx, c)
	if err == nil && last.ID != "" {
		facts = append(facts, FactLastTopUp)
	}
	return facts, err
}

// lastTopUp is the last order of a customer that was delivered; one without an ID where there is none among the last.
func (s Customers) lastTopUp(ctx context.Context, c accounts.Customer) (topup.Order, error) {
	orders, err := s.Orders.List(ctx, OrderFilter{Customer: c.ID, Limit: 50})
	for _, o := range orders {
		if o.Status == topup.Delivered {
			return o, err
		}
	}
	return topup.Order{}, err
}

// lastFour are the last four digits of a way to pay as it is shown; "" where it does not end in digits.
func lastFour(display string) string {
	digits := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}, display)
	if len(digits) < 4 {
		return ""
	}
	digits = digits[len(digits)-4:]
	if strings.Trim(digits, "0123456789") != "" {
		return ""
	}
	return digits
}

// SendCallerCode has a code sent to the customer's own number by SMS, which the caller reads back.
type SendCallerCode struct {
	Brand    string
	Customer prepaid.CustomerID
	Person   PersonID
}

// Kind implements Operation.
func (o SendCallerCode) Kind() string { return "send caller's code" }

// Act implements Operation.
func (o SendCallerCode) Act(a Actor) Act { return callerAct(a, o.Brand) }

// callerAct is the act by which a person may find out who is calling: whoever helps customers, or changes what waits for it.
func callerAct(a Actor, brand string) Act {
	if a.Right(ActHelp, brand) == Not && a.Right(ActIdentity, brand) != Not {
		return ActIdentity
	}
	return ActHelp
}

// MayCheckCaller reports whether a person may find out who is calling.
func MayCheckCaller(a Actor, brand string) bool { return a.Right(callerAct(a, brand), brand) == May }

// On implements Operation.
func (o SendCallerCode) On() Object { return Object{o.Brand, prepaid.OnCustomer, string(o.Customer)} }

// Plan implements Operation.
func (o SendCallerCode) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := d.Customers.byID(ctx, o.Brand, o.Customer)
	if err != nil {
		return Plan{}, err
	}
	if _, err := d.Customers.phone(ctx, c); err != nil {
		return Plan{}, err
	}
	return Plan{Does: "Sends a code of six digits to " + c.MSISDN.Masked() + " by SMS. It is valid for 10 minutes; ask the caller to read it back."}, nil
}

// Carry implements Operation.
func (o SendCallerCode) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	s := d.Customers
	c, err := s.byID(ctx, o.Brand, o.Customer)
	if err != nil {
		return Result{}, err
	}
	phone, err := s.phone(ctx, c)
	if err != nil {
		return Result{}, err
	}
	check := CallerCheck{ID: prepaid.NewID[string](), Brand: o.Brand, Customer: o.Customer, Person: o.Person, Fact: FactCode, Outcome: CallerSent,
		Code: prepaid.NewID[prepaid.NoticeID](), At: s.Clock.Now()}
	err = s.Callers.SaveCheck(ctx, check, phone, callerLimits(check.At), by)
	return Result{Text: "A code is on its way to " + c.MSISDN.Masked() + ". Ask the caller to read it back."}, err
}

func callerLimits(now time.Time) CallerLimits {
	return CallerLimits{Since: now.Add(-callerWindow), Most: map[CallerOutcome]int{CallerWrong: callerWrong, CallerSent: callerCodes}}
}

// phone is where a customer's own phone gets codes; ErrNoCode.
func (s Customers) phone(ctx context.Context, c accounts.Customer) (accounts.Place, error) {
	line, on, err := s.smsLine(ctx, c.Brand)
	if err == nil && !on {
		err = fmt.Errorf("%w: %s/%s, which carries SMS, is off", ErrNoCode, c.Brand, line)
	}
	return accounts.Place{Address: c.MSISDN.Tel(), Channel: line, Kind: string(channels.SMS)}, err
}

// Answer is what a caller has said to a question. It is compared, and kept nowhere.
type Answer struct {
	Fact  CallerFact
	Code  prepaid.Secret // FactCode
	Last4 string         // FactInstrument
	Month string         // FactRegistered: "2026-11"
	Day   string         // FactLastTopUp: "2026-11-30"
	Sum   string         // FactLastTopUp: "10.00"
}

// CheckCaller compares what a caller has said, counts it and keeps that it was right or wrong. It is no Operation: nothing may be asked of a
// second person, and its form holds what must not be kept. key is the form's: sent again, it is counted once. Errors: *ForbiddenError, ErrCallerWrong, ErrCallerCode,
// ErrNoFact, ErrManyChecks, accounts.ErrNoCustomer.
func (d *Desk) CheckCaller(ctx context.Context, a Actor, brand string, id prepaid.CustomerID, key string, said Answer) error {
	if !MayCheckCaller(a, brand) {
		return forbidden(ActHelp, brand)
	}
	s := d.Customers
	c, err := s.byID(ctx, brand, id)
	if err != nil {
		return err
	}
	now := s.Clock.Now()
	checks, err := s.Callers.Checks(ctx, brand, id, now.Add(-callerWindow))
	if err != nil {
		return err
	}
	wrong, code, form := 0, prepaid.NoticeID(""), string(a.Person)+"/"+string(id)+"/"+key
	for _, k := range checks {
		switch {
		case k.ID == form && k.Outcome == CallerWrong:
			return ErrCallerWrong
		case k.ID == form: // the form was sent before
			return nil
		case k.Outcome == CallerWrong:
			wrong++
		case k.Outcome == CallerSent && k.Person == a.Person:
			code = k.Code
		}
	}
	if wrong >= callerWrong {
		return ErrManyChecks
	}
	right, err := s.judge(ctx, c, code, key, said)
	if err != nil {
		return err
	}
	check := CallerCheck{ID: form, Brand: brand, Customer: id, Person: a.Person, Fact: said.Fact, Outcome: CallerRight, At: now}
	if !right {
		check.Outcome = CallerWrong
	}
	by := a.By(callerAct(a, brand), brand, "to find out who is calling")
	if err := s.Callers.SaveCheck(ctx, check, accounts.Place{}, callerLimits(now), by); err != nil {
		return err
	}
	if !right {
		return ErrCallerWrong
	}
	return nil
}

// judge compares what a caller has said with what is known.
func (s Customers) judge(ctx context.Context, c accounts.Customer, code prepaid.NoticeID, key string, said Answer) (right bool, err error) {
	b := s.Brands.Known(c.Brand)
	if b == nil {
		return false, fmt.Errorf("no brand is named %q", c.Brand)
	}
	switch said.Fact {
	case FactCode:
		return s.judgeCode(ctx, c, code, key, said.Code)
	case FactInstrument:
		last := lastFour(c.Pays.Display)
		if last == "" {
			return false, ErrNoFact
		}
		return strings.TrimSpace(said.Last4) == last, nil
	case FactRegistered:
		return strings.TrimSpace(said.Month) == b.Local(c.CreatedAt).Format("2006-01"), nil
	case FactLastTopUp:
		last, err := s.lastTopUp(ctx, c)
		switch {
		case err != nil:
			return false, err
		case last.ID == "":
			return false, ErrNoFact
		}
		sum, err := prepaid.ParseMoney(strings.TrimSpace(said.Sum), last.Amount.Currency)
		return err == nil && sum == last.Amount && strings.TrimSpace(said.Day) == b.Local(last.CreatedAt).Format(time.DateOnly), nil
	}
	return false, ErrNoFact
}

func (s Customers) judgeCode(ctx context.Context, c accounts.Customer, sent prepaid.NoticeID, key string, said prepaid.Secret) (bool, error) {
	digits, ok := prepaid.Code(said.Reveal())
	switch {
	case sent == "" || s.Codes == nil:
		return false, ErrCallerCode
	case !ok:
		return false, nil
	}
	err := s.Codes.CheckCode(ctx, c.Brand, prepaid.CallerAddress(sent), c.MSISDN, prepaid.NewSecret(digits), "desk/"+key)
	switch {
	case errors.Is(err, accounts.ErrWrongCode):
		return false, nil
	case errors.Is(err, accounts.ErrCodeExpired):
		return false, ErrCallerCode
	}
	return err == nil, err
}

// byID finds a customer of a brand; accounts.ErrNoCustomer, also for another brand's.
func (s Customers) byID(ctx context.Context, brand string, id prepaid.CustomerID) (accounts.Customer, error) {
	c, err := s.Customers.CustomerByID(ctx, id)
	if err == nil && (c.Brand != brand || c.Status == accounts.Erased) {
		err = accounts.ErrNoCustomer
	}
	if err != nil {
		return accounts.Customer{}, err
	}
	return c, nil
}

// verified returns ErrNotVerified unless the person knew at that time who was calling.
func (s Customers) verified(ctx context.Context, c accounts.Customer, p PersonID, at time.Time) error {
	known, err := s.Caller(ctx, c, p, at)
	if err == nil && !known.Verified() {
		err = ErrNotVerified
	}
	return err
}
