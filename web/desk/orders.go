package desk

import (
	"encoding/csv"
	"net/http"
	"slices"
	"strings"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/web/ui"
)

// ordersRoutes are the list of orders, as a page and as a file. A number is posted: it stands in no address.
func ordersRoutes() []route {
	return []route{
		get("/{brand}/orders", operators.ActSee, (*visit).listOrders),
		post("/{brand}/orders", operators.ActSee, (*visit).listOrders),
		get("/{brand}/orders.csv", operators.ActSee, (*visit).ordersFile),
	}
}

// orderParams are the filters of the list, as its address has them.
var orderParams = []string{"status", "reason", "channel", "network", "funding", "amount", "since", "until", "needs", "open", "customer"}

// onDate is a day in an address: "2026-11-30".
const onDate = "2006-01-02"

// ordersData is what the template "orders" shows.
type ordersData struct {
	Filters ui.Filters
	Looked  string // how far the list was looked through
	GoOn    string // where the look goes on
	Table   ui.Table
}

// orderFilter reads the filters of the address. What can't be read narrows nothing; wrong says so.
func (v *visit) orderFilter() (f operators.OrderFilter, wrong string) {
	q := v.r.URL.Query()
	f = operators.OrderFilter{
		Brand: v.brand.Name, Status: topup.Status(q.Get("status")), Customer: prepaid.CustomerID(q.Get("customer")), Open: q.Get("open") != "",
		NeedsHuman: q.Get("needs") != "", Limit: 50,
		OrderSieve: operators.OrderSieve{Reason: q.Get("reason"), Channel: q.Get("channel"), Network: q.Get("network"), Funding: topup.FundingKind(q.Get("funding"))},
	}
	if f.Status != "" && !slices.Contains(topup.Statuses(), f.Status) {
		f.Status, wrong = "", v.t("orders.wrong-status")
	}
	if !v.readSpan(&f.Since, &f.Until) {
		wrong = v.t("orders.wrong-day")
	}
	if text := q.Get("amount"); text != "" {
		m, err := prepaid.ParseMoney(strings.ReplaceAll(text, ",", "."), v.brand.Currency)
		if err != nil {
			wrong = v.t("orders.wrong-amount")
		}
		f.Minor = m.Minor
	}
	after, err := operators.ReadOrderCursor(q.Get("after"))
	if err != nil {
		wrong = v.t("orders.wrong-page")
	}
	f.After = after
	return f, wrong
}

// readSpan reads the times "since" and "until" of the address: days, of which the last counts whole; since is also a while until now, such
// as "24h". It reports false where one can't be read: that one stays zero.
func (v *visit) readSpan(since, until *time.Time) bool {
	q, good := v.r.URL.Query(), true
	for name, at := range map[string]*time.Time{"since": since, "until": until} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		day, err := time.ParseInLocation(onDate, text, v.zone())
		if err == nil {
			*at = day
			continue
		}
		while, ok := lately(text)
		if name != "since" || !ok {
			good = false
			continue
		}
		*at = v.Clock.Now().Add(-while)
	}
	if !until.IsZero() {
		*until = until.AddDate(0, 0, 1)
	}
	return good
}

// lately reads a while until now, as the figures of today link with it: "24h".
func lately(text string) (time.Duration, bool) {
	d, err := time.ParseDuration(text)
	return d, err == nil && d > 0
}

// spanSays is a "since" or "until" of the address in words.
func (v *visit) spanSays(name, value string) string {
	if d, ok := lately(value); ok && name == "since" {
		return v.t("orders.lately", "span", v.span(d))
	}
	return v.t("orders."+name) + ": " + value
}

// spanChoices are the fields of "since" and "until".
func (v *visit) spanChoices() []ui.Choice {
	var all []ui.Choice
	for _, name := range []string{"since", "until"} {
		c := ui.Choice{Name: name, Label: v.t("orders." + name), Type: "date", Value: v.r.URL.Query().Get(name)}
		if _, ok := lately(c.Value); ok {
			c.Type = "" // the field keeps it
		}
		all = append(all, c)
	}
	return all
}

// listOrders answers with a page of the brand's orders, newest first. A number is posted.
func (v *visit) listOrders() {
	f, wrong := v.orderFilter()
	number := ui.Field{Name: "number", Label: v.t("orders.of-number"), Type: "tel", InputMode: "tel", MaxLength: 40}
	posted := v.r.Method == http.MethodPost
	if posted {
		number.Value = v.r.PostForm.Get("number")
		m, err := prepaid.ParseMSISDN(number.Value, v.brand.Country)
		if err != nil {
			number.Error = v.t("orders.wrong-number")
		}
		f.MSISDN, f.After, f.Limit = m, operators.OrderCursor{}, 100
	}
	var list operators.OrderList
	var err error
	if number.Error == "" {
		list, err = v.Desk.Desk.Orders.List(v.r.Context(), f)
	}
	if err != nil {
		v.fail(err)
		return
	}
	data := ordersData{Filters: v.orderFilters(), Table: v.orderTable(list)}
	data.Filters.Search, data.Filters.Post = &number, v.ordersAt("", "")
	if !posted {
		if list.Next != "" && list.LookedTo.IsZero() {
			data.Table.Next = v.ordersAt("after", list.Next)
		}
		if v.r.URL.Query().Get("after") != "" {
			data.Table.First = v.ordersAt("after", "")
		}
		data.Filters.CSV = strings.Replace(v.ordersAt("after", ""), "/orders", "/orders.csv", 1)
	}
	if !list.LookedTo.IsZero() {
		data.Looked, data.GoOn = v.t("orders.looked", "time", v.clock(list.LookedTo)), v.ordersAt("after", list.Next)
	}
	p := page{Head: ui.Head{Title: v.t("place.orders")}, Template: "orders", Data: data}
	status := http.StatusOK
	if wrong != "" {
		status, p.Banner = http.StatusBadRequest, ui.Banner{Tone: ui.Bad, Text: wrong}
	}
	if number.Error != "" {
		status = http.StatusUnprocessableEntity
	}
	v.show(status, p)
}

// ordersAt is the address of the list with one of its parameters changed; "" leaves it out.
func (v *visit) ordersAt(name, value string) string {
	q := v.r.URL.Query()
	q.Del(doneParam)
	q.Del("after")
	for _, p := range orderParams {
		if q.Get(p) == "" {
			q.Del(p)
		}
	}
	if name != "" {
		q.Del(name)
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return v.path("orders")
	}
	return v.path("orders") + "?" + q.Encode()
}

// orderFilters are the filters that are set, and those that can be.
func (v *visit) orderFilters() ui.Filters {
	q := v.r.URL.Query()
	f := ui.Filters{Action: v.path("orders")}
	for _, name := range orderParams {
		value := q.Get(name)
		if value == "" {
			continue
		}
		says := v.t("orders." + name)
		switch name {
		case "status":
			says += ": " + v.tOr("order.status."+value, value)
		case "funding":
			says += ": " + v.tOr("order.funding."+value, value)
		case "since", "until":
			says = v.spanSays(name, value)
		case "needs", "open", "customer": // they say it all
		default:
			says += ": " + value
		}
		f.Chips = append(f.Chips, ui.Chip{Text: says, Remove: v.ordersAt(name, "")})
	}
	choose := func(name string, values []string, label func(string) string) ui.Choice {
		c := ui.Choice{Name: name, Label: v.t("orders." + name), Options: []ui.Option{{Label: v.t("orders.any"), Chosen: q.Get(name) == ""}}}
		for _, value := range values {
			c.Options = append(c.Options, ui.Option{Value: value, Label: label(value), Chosen: q.Get(name) == value})
		}
		return c
	}
	var statuses, channels []string
	for _, s := range topup.Statuses() {
		statuses = append(statuses, string(s))
	}
	for _, c := range v.brand.Channels {
		channels = append(channels, c.Name)
	}
	same := func(s string) string { return s }
	f.Choices = []ui.Choice{
		choose("status", statuses, func(s string) string { return v.t("order.status." + s) }),
		choose("needs", []string{"person"}, func(string) string { return v.t("orders.needs-person") }),
		choose("channel", channels, same),
		choose("funding", []string{string(topup.ByCharge), string(topup.ByCard), string(topup.ByDeveloper)}, func(s string) string { return v.t("order.funding." + s) }),
		{Name: "network", Label: v.t("orders.network"), Value: q.Get("network")},
		{Name: "reason", Label: v.t("orders.reason"), Value: q.Get("reason")},
		{Name: "amount", Label: v.t("orders.amount"), Value: q.Get("amount")},
	}
	f.Choices = append(f.Choices, v.spanChoices()...)
	return f
}

// orderTable shows orders as rows.
func (v *visit) orderTable(list operators.OrderList) ui.Table {
	t := ui.Table{Caption: v.t("place.orders"), Columns: []ui.Column{
		{Name: v.t("orders.number")}, {Name: v.t("orders.status")}, {Name: v.t("orders.phone")}, {Name: v.t("orders.amount"), Money: true},
		{Name: v.t("orders.funding"), Wide: true}, {Name: v.t("orders.made")},
	}, Empty: ui.State{Title: v.t("orders.none"), Text: v.t("orders.none-text")}}
	if len(v.orderFilters().Chips) > 0 || v.r.Method == http.MethodPost {
		t.Empty = ui.State{Title: v.t("orders.none-found"), Text: v.t("orders.none-found-text"), Link: &ui.Link{Href: v.path("orders"), Text: v.t("orders.all")}}
	}
	for _, o := range list.Orders {
		reason := v.whyThere(o.Status, o.Reason)
		if o.NeedsHuman {
			reason = strings.TrimPrefix(reason+" · "+v.t("orders.needs-person"), " · ")
		}
		t.Rows = append(t.Rows, ui.Row{Href: v.path("orders", string(o.ID)), Cells: []ui.Cell{
			{Text: o.ID.Grouped(), Mono: true}, {Status: v.orderStatus(o.Status), Second: reason}, {Text: o.Number}, {Text: o.Amount + " " + string(o.Currency)},
			{Text: v.paidWith(o.Funding, o.Method)}, {Time: v.at(o.CreatedAt)},
		}})
	}
	return t
}

// fileRows is how many rows a file has at most.
const fileRows = 10_000

// ordersFile answers with the list as CSV, times in UTC and numbers masked.
func (v *visit) ordersFile() {
	f, wrong := v.orderFilter()
	if wrong != "" {
		v.state(http.StatusBadRequest, "state.failed", wrong)
		return
	}
	f.Limit = 500
	list, err := v.Desk.Desk.Orders.List(v.r.Context(), f)
	if err != nil {
		v.fail(err)
		return
	}
	ui.Protect(v.w.Header())
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="orders-`+v.brand.Name+`.csv"`)
	out := csv.NewWriter(v.w)
	_ = out.Write([]string{"id", "created_at", "number", "amount", "currency", "status", "reason", "funding", "method", "provider", "network", "needs_human"})
	for n := 0; ; {
		for _, o := range list.Orders {
			needs := ""
			if o.NeedsHuman {
				needs = "yes"
			}
			_ = out.Write(plainCells(string(o.ID), o.CreatedAt.UTC().Format(time.RFC3339), o.Number, o.Amount, string(o.Currency), string(o.Status), o.Reason,
				string(o.Funding), o.Method, o.Provider, o.Network, needs))
		}
		n += len(list.Orders)
		if list.Next == "" || n >= fileRows {
			break
		}
		if f.After, err = operators.ReadOrderCursor(list.Next); err == nil {
			list, err = v.Desk.Desk.Orders.List(v.r.Context(), f)
		}
		if err != nil {
			v.Log.ErrorContext(v.r.Context(), "desk: file cut off", "error", err)
			panic(http.ErrAbortHandler) // half a file must not look whole
		}
	}
	out.Flush()
}

// plainCells keeps a spreadsheet from taking a cell for a formula.
func plainCells(cells ...string) []string {
	for i, c := range cells {
		if c != "" && strings.ContainsRune("=+-@\t\r", rune(c[0])) {
			cells[i] = "'" + c
		}
	}
	return cells
}

// orderStatus is where an order stands, as pages show it.
func (v *visit) orderStatus(s topup.Status) ui.Status {
	tone := ui.Wait
	switch s {
	case topup.Delivered:
		tone = ui.Good
	case topup.Declined, topup.RefundFailed:
		tone = ui.Bad
	case topup.Refunded:
		tone = ui.Idle
	}
	return ui.Status{Tone: tone, Word: v.t("order.status." + string(s))}
}
