package desk

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/payments"
	"pulsa/web/ui"
)

// customersListRoutes are the list of customers.
func customersListRoutes() []route {
	return []route{get("/{brand}/customers", operators.ActSee, (*visit).listCustomers)}
}

// The filters of the list of customers, as its address has them.
const (
	byStatus, byLocked, byFrozen, byOptedOut, byLanguage, byPays, byFrom, byTo = "status", "locked", "frozen", "out", "language", "pays", "from", "to"
)

// customerFilters lists them.
var customerFilters = []string{byStatus, byLocked, byFrozen, byOptedOut, byLanguage, byPays, byFrom, byTo}

// listCustomers answers with a page of the brand's customers, the newest first.
func (v *visit) listCustomers() {
	q := v.r.Form
	f := operators.CustomerFilter{
		Brands: []string{v.brand.Name}, Status: accounts.Status(q.Get(byStatus)), Locked: q.Get(byLocked) != "", Frozen: q.Get(byFrozen) != "",
		OptedOut: q.Get(byOptedOut) != "", Language: q.Get(byLanguage), PaysBy: q.Get(byPays), After: operators.ReadCustomerCursor(q.Get("after")),
		From: v.date(q.Get(byFrom)),
	}
	if to := v.date(q.Get(byTo)); !to.IsZero() {
		f.To = to.AddDate(0, 0, 1) // that day, too
	}
	list, err := v.Desk.Desk.ListCustomers(v.r.Context(), f)
	if err != nil {
		v.fail(err)
		return
	}
	t := ui.Table{Caption: v.t("place.customers"), Columns: []ui.Column{
		{Name: v.t("customers.number")}, {Name: v.t("customers.status")}, {Name: v.t("customers.pays")}, {Name: v.t("customers.language"), Wide: true}, {Name: v.t("customers.since")},
	}}
	for _, c := range list.Rows {
		t.Rows = append(t.Rows, v.customerRow(c))
	}
	here := v.keptFilters()
	t.Empty = v.noCustomers(here)
	switch {
	case list.Next == "":
	case !list.Looked.IsZero(): // the look was not long enough: the reader says whether it goes on
		t.Next = ""
	default:
		t.Next = v.path("customers") + "?" + withAfter(here, list.Next)
	}
	if q.Get("after") != "" {
		t.First = v.path("customers") + "?" + here.Encode()
	}
	shown := struct {
		Filters ui.Filters
		Table   ui.Table
		Slow    ui.State
	}{v.customerFilters(here), t, ui.State{}}
	if !list.Looked.IsZero() {
		shown.Slow = ui.State{
			Title: v.t("customers.slow", "day", v.day(list.Looked.In(v.zone()))+list.Looked.In(v.zone()).Format(" 2006")),
			Link:  &ui.Link{Href: v.path("customers") + "?" + withAfter(here, list.Next), Text: v.t("customers.go-on")},
		}
		if len(t.Rows) == 0 {
			shown.Table.Empty = ui.State{}
		}
	}
	v.show(http.StatusOK, page{Head: ui.Head{Title: v.t("place.customers")}, Template: "customers-list", Data: shown})
}

func (v *visit) customerRow(c operators.CustomerRow) ui.Row {
	row := ui.Row{ID: string(c.ID), Cells: []ui.Cell{
		{Text: c.Number}, {Status: v.customerStatus(c.Status)}, {Text: v.paysBy(c.PaysBy), Second: c.Instrument}, {Text: c.Language}, {Time: v.at(c.CreatedAt)},
	}}
	switch {
	case !c.FrozenAt.IsZero():
		row.Cells[1].Second = v.t("customers.frozen")
	case c.Locked:
		row.Cells[1].Second = v.t("customers.locked")
	}
	if hasRoute("GET", "/{brand}/customers/{customer}") {
		row.Href = v.path("customers", string(c.ID))
	}
	return row
}

// customerStatus is where a customer stands, as lists show it.
func (v *visit) customerStatus(s accounts.Status) ui.Status {
	tone := map[accounts.Status]ui.Tone{accounts.Active: ui.Good, accounts.Pending: ui.Wait, accounts.Blocked: ui.Bad, accounts.Erased: ui.Idle}[s]
	return ui.Status{Tone: tone, Word: v.tOr("customers.status."+string(s), string(s))}
}

// paysBy is a way to pay in words.
func (v *visit) paysBy(method string) string {
	if method == "" {
		return ""
	}
	return v.tOr("customers.pays."+method, method)
}

// noCustomers says why the list is empty.
func (v *visit) noCustomers(filters url.Values) ui.State {
	if len(filters) == 0 {
		return ui.State{Title: v.t("customers.none"), Text: v.t("customers.none-text")}
	}
	return ui.State{Title: v.t("customers.none-such"), Text: v.t("customers.none-such-text"), Link: &ui.Link{Href: v.path("customers"), Text: v.t("customers.all")}}
}

// keptFilters are the filters of the address.
func (v *visit) keptFilters() url.Values {
	kept := url.Values{}
	for _, name := range customerFilters {
		if value := v.r.Form.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	return kept
}

// withAfter is an address's query with the place in the list.
func withAfter(filters url.Values, after string) string {
	all := url.Values{"after": {after}}
	for name, values := range filters {
		all[name] = values
	}
	return all.Encode()
}

// date reads a date as the browser sends it, in the person's zone; what is none is zero.
func (v *visit) date(text string) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, text, v.zone())
	if err != nil {
		return time.Time{}
	}
	return t
}

// customerFilters are what narrows the list.
func (v *visit) customerFilters(here url.Values) ui.Filters {
	f := ui.Filters{Action: v.path("customers")}
	add := func(name, label string, options []ui.Option) {
		options = append([]ui.Option{{Label: v.t("wait.any")}}, options...)
		chosen := here.Get(name)
		for i := range options {
			options[i].Chosen = options[i].Value == chosen
		}
		f.Choices = append(f.Choices, ui.Choice{Name: name, Label: label, Options: options})
		i := slices.IndexFunc(options, func(o ui.Option) bool { return o.Value == chosen })
		if chosen != "" && i >= 0 {
			f.Chips = append(f.Chips, v.customerChip(here, name, label+": "+options[i].Label))
		}
	}
	var statuses, languages, ways []ui.Option
	for _, s := range []accounts.Status{accounts.Active, accounts.Pending, accounts.Blocked, accounts.Erased} {
		statuses = append(statuses, ui.Option{Value: string(s), Label: v.t("customers.status." + string(s))})
	}
	for _, l := range v.brand.Languages {
		languages = append(languages, ui.Option{Value: l, Label: l})
	}
	for _, m := range []string{string(payments.SEPA), string(payments.Card), string(payments.PayPal)} {
		ways = append(ways, ui.Option{Value: m, Label: v.paysBy(m)})
	}
	ways = append(ways, ui.Option{Value: operators.NoInstrument, Label: v.t("customers.pays-nothing")})
	yes := []ui.Option{{Value: "yes", Label: v.t("customers.yes")}}
	add(byStatus, v.t("customers.status"), statuses)
	add(byLocked, v.t("customers.locked"), yes)
	add(byFrozen, v.t("customers.frozen"), yes)
	add(byOptedOut, v.t("customers.out"), yes)
	add(byLanguage, v.t("customers.language"), languages)
	add(byPays, v.t("customers.pays"), ways)
	for _, name := range []string{byFrom, byTo} {
		label := v.t("customers." + name)
		f.Choices = append(f.Choices, ui.Choice{Name: name, Label: label, Type: "date", Value: here.Get(name)})
		if here.Get(name) != "" {
			f.Chips = append(f.Chips, v.customerChip(here, name, label+": "+here.Get(name)))
		}
	}
	return f
}

// customerChip is a filter that is set, with the address without it.
func (v *visit) customerChip(here url.Values, name, text string) ui.Chip {
	rest := url.Values{}
	for other, values := range here {
		if other != name {
			rest[other] = values
		}
	}
	return ui.Chip{Text: text, Remove: v.path("customers") + "?" + rest.Encode()}
}
