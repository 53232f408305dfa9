package operators

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

// JobRow is a job on cards as lists show it.
type JobRow struct {
	Job     string `json:"job"`
	Kind    string `json:"kind"`
	State   string `json:"state"`
	Done    int64  `json:"done"` // cards
	Total   int64  `json:"total"`
	By      string `json:"by"`
	Why     string `json:"why"`
	Started string `json:"started"`
	Ended   string `json:"ended"` // "": it is under way, or was interrupted
	What    string `json:"what"`  // what it was asked to do
}

// JobStep is what a job has done in one transaction.
type JobStep struct {
	At    string `json:"at"`
	Kind  string `json:"kind"`
	By    string `json:"by"`
	Why   string `json:"why"`
	First string `json:"first"` // serials
	Last  string `json:"last"`
	Cards int64  `json:"cards"`
}

// Jobs lists the newest jobs, at most 200.
func (c Cards) Jobs(ctx context.Context) ([]JobRow, error) {
	jobs, err := c.Service.Jobs(ctx, c.Brand.Name, false)
	return c.jobRows(jobs), err
}

// OpenJobs lists the newest jobs that are under way or were interrupted, at most 200.
func (c Cards) OpenJobs(ctx context.Context) ([]JobRow, error) {
	jobs, err := c.Service.Jobs(ctx, c.Brand.Name, true)
	return c.jobRows(jobs), err
}

func (c Cards) jobRows(jobs []cards.Job) []JobRow {
	rows := make([]JobRow, len(jobs))
	for i, j := range jobs {
		rows[i] = JobRow{
			string(j.ID), j.Action(), string(j.State), j.Done, j.Total, j.By, j.Why, stamp(j.CreatedAt), stamp(j.EndedAt), j.Summary(c.Brand),
		}
	}
	return rows
}

// JobDetail is a job as it is shown alone.
type JobDetail struct {
	JobRow
	Steps []JobStep `json:"steps"`
}

// Text describes the job for people, in two lines.
func (j JobDetail) Text() string {
	return fmt.Sprintf("%s %s: %s\n%s, %d of %s, by %s, why: %s", j.Kind, j.Job, j.What, j.State, j.Done, cards.HowMany(j.Total, "card"), j.By,
		cmp.Or(j.Why, "not said"))
}

// ShowJob returns a job of the brand; cards.ErrNoJob.
func (c Cards) ShowJob(ctx context.Context, id string) (JobDetail, error) {
	j, err := c.job(ctx, id)
	if err != nil {
		return JobDetail{}, err
	}
	records, err := c.Service.Audit(ctx, j.ID)
	steps := make([]JobStep, len(records))
	for i, r := range records {
		steps[i] = JobStep{stamp(r.At), string(r.Kind), r.By, r.Why, r.First, r.Last, r.Cards}
	}
	return JobDetail{c.jobRows([]cards.Job{j})[0], steps}, err
}

// Unfinished returns a job of the brand that Run can go on with. An export then writes to out, or, if that is "", where it was to
// write. Errors: cards.ErrNoJob, *FieldError.
func (c Cards) Unfinished(ctx context.Context, id, out string) (cards.Job, error) {
	j, err := c.job(ctx, id)
	switch {
	case err != nil:
		return j, err
	case j.State != cards.UnderWay:
		return j, fmt.Errorf("job %s is %s already", j.ID, j.State)
	case j.Spec.Export != nil && out != "":
		export := *j.Spec.Export
		j.Spec.Export = &export
		export.Name, err = newFile(out)
	}
	return j, err
}

func (c Cards) job(ctx context.Context, id string) (cards.Job, error) {
	j, err := c.Service.Job(ctx, cards.JobID(id))
	if err == nil && j.Brand != c.Brand.Name {
		err = fmt.Errorf("job %s is of brand %s", j.ID, j.Brand)
	}
	return j, err
}

// BalanceRow counts the cards of a group by status, and sums the money owed for them.
type BalanceRow struct {
	Group        string `json:"group"`
	Issued       int64  `json:"issued"`
	Generated    int64  `json:"generated"`
	Live         int64  `json:"live"`
	Reserved     int64  `json:"reserved"`
	Locked       int64  `json:"locked"`
	Spent        int64  `json:"spent"`
	Expired      int64  `json:"expired"`
	Void         int64  `json:"void"`
	Open         int64  `json:"open"`
	Currency     string `json:"currency"`
	IssuedWorth  string `json:"issued_worth"`
	SpentWorth   string `json:"spent_worth"`
	ExpiredWorth string `json:"expired_worth"`
	Liability    string `json:"liability"`

	label string // the group for people: "none" for cards without a reseller, "all" for a total
}

// CardBalances tells where cards stand. Totals sums up more than one row, by currency.
type CardBalances struct{ Rows, Totals []BalanceRow }

// ForPeople are the rows and the totals, each group with a name.
func (b CardBalances) ForPeople() []BalanceRow {
	rows := slices.Concat(b.Rows, b.Totals)
	for i := range rows {
		rows[i].Group = rows[i].label
	}
	return rows
}

// Balances counts the cards of a query by state, for each group and currency, and adds up what they are worth. The group "none" is
// cards.ByNothing.
func (c Cards) Balances(ctx context.Context, q CardQuery, by cards.Group) (CardBalances, error) {
	filter, err := c.filter(q)
	if err != nil {
		return CardBalances{}, err
	}
	balances, err := c.Service.Balances(ctx, filter, known(by))
	return newCardBalances(balances, known(by)), err
}

// Statement is Balances of a reseller's cards, by series.
func (c Cards) Statement(ctx context.Context, reseller string) (CardBalances, error) {
	balances, err := c.Service.Statement(ctx, c.Brand.Name, reseller)
	return newCardBalances(balances, cards.BySeries), err
}

// known returns the group that package cards understands: cards.ByNothing for "none".
func known(by cards.Group) cards.Group {
	if by == "none" {
		return cards.ByNothing
	}
	return by
}

func newCardBalances(balances []cards.Balance, by cards.Group) (all CardBalances) {
	for _, b := range balances {
		all.Rows = append(all.Rows, newBalanceRow(b, by))
	}
	if len(balances) > 1 {
		for _, b := range cards.Total(balances) {
			all.Totals = append(all.Totals, newBalanceRow(b, cards.ByNothing))
		}
	}
	return all
}

func newBalanceRow(b cards.Balance, by cards.Group) BalanceRow {
	worth := func(s cards.Sum) string { return prepaid.Money{Minor: s.Minor, Currency: b.Currency}.Number() }
	row := BalanceRow{
		b.Group, b.Issued.Cards, b.Generated.Cards, b.Live.Cards, b.Reserved.Cards, b.Locked.Cards, b.Spent.Cards, b.Expired.Cards,
		b.Void.Cards, b.Liability.Cards, string(b.Currency), worth(b.Issued), worth(b.Spent), worth(b.Expired), worth(b.Liability), b.Group,
	}
	switch {
	case by == cards.ByNothing:
		row.label = "all"
	case b.Group == "":
		row.label = cards.NoReseller
	}
	return row
}

// RedemptionRow is what was spent on a day.
type RedemptionRow struct {
	Day      string `json:"day"` // in UTC: "2026-11-30"
	Group    string `json:"group"`
	Cards    int64  `json:"cards"`
	Currency string `json:"currency"`
	Worth    string `json:"worth"`
}

// Redemptions reports what was spent, by day and group, from one day until before another. An empty day means no bound. The group
// "none" is cards.ByNothing.
func (c Cards) Redemptions(ctx context.Context, from, to string, by cards.Group) ([]RedemptionRow, error) {
	during, err := readSpan("", from, to)
	if err != nil {
		return nil, err
	}
	found, err := c.Service.Redemptions(ctx, c.Brand.Name, during, known(by))
	rows := make([]RedemptionRow, len(found))
	for i, r := range found {
		worth := prepaid.Money{Minor: r.Minor, Currency: r.Currency}.Number()
		rows[i] = RedemptionRow{r.Day.Format(time.DateOnly), r.Group, r.Cards, string(r.Currency), worth}
	}
	return rows, err
}

// ResellerRow is a reseller as lists show it.
type ResellerRow struct {
	Name    string `json:"name"`
	Title   string `json:"title"`
	Created string `json:"created"`
	By      string `json:"by"`
}

// CreateReseller creates a reseller, who can then be given cards. It needs no reason. A name that is taken is a *FieldError of
// cards.ErrResellerExists.
func (c Cards) CreateReseller(ctx context.Context, name, title string, by prepaid.By) (Done, error) {
	_, err := c.Service.CreateReseller(ctx, cards.Reseller{Brand: c.Brand.Name, Name: name, Title: title}, by)
	if errors.Is(err, cards.ErrResellerExists) {
		err = &FieldError{Field: "name", Value: name, Err: cards.ErrResellerExists}
	}
	return Done("Reseller " + name + " created."), err
}

// Resellers lists the brand's resellers by name.
func (c Cards) Resellers(ctx context.Context) ([]ResellerRow, error) {
	list, err := c.Service.Resellers(ctx, c.Brand.Name)
	rows := make([]ResellerRow, len(list))
	for i, r := range list {
		rows[i] = ResellerRow{r.Name, r.Title, stamp(r.CreatedAt), r.CreatedBy}
	}
	return rows, err
}
