package desk

import (
	"encoding/csv"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// cardsListRoutes are the list of cards, as a page and as a file. A number is posted: it stands in no address.
func cardsListRoutes() []route {
	return []route{
		get("/{brand}/cards", operators.ActSee, (*visit).listCards),
		post("/{brand}/cards", operators.ActSee, (*visit).listCards),
		get("/{brand}/cards.csv", operators.ActSee, (*visit).cardsFile),
	}
}

// cardParams are the filters of the list, as its address has them.
var cardParams = []string{
	"status", "serial", "from", "to", "series", "batch", "amount", "reseller", "exported",
	"created-from", "created-to", "expires-from", "expires-to", "activated-from", "activated-to",
}

// cardStatuses are what a card can be searched by, the words first.
var cardStatuses = []cards.Status{
	cards.ShownNew, cards.ShownActivated, cards.ShownExpired, cards.ShownLocked, cards.ShownVoid, cards.OnlyGenerated, cards.OnlyLive, cards.OnlyReserved,
}

// cardsData is what the template "cards" shows.
type cardsData struct {
	Filters   ui.Filters
	Table     ui.Table
	Selection cardSelection
}

// ofCards are the operations on the brand's cards. It answers, and returns false, where there are none.
func (v *visit) ofCards() (operators.Cards, bool) {
	shop, err := v.Desk.Desk.Cards(v.brand.Name)
	if err != nil {
		v.fail(err)
	}
	return shop, err == nil
}

// cardQuery reads the filters that something is found by. What can't be read narrows nothing; wrong says so.
func (v *visit) cardQuery(q url.Values) (query operators.CardQuery, wrong string) {
	query = operators.CardQuery{
		Serial: cardSerial(q.Get("serial")), FromSerial: cardSerial(q.Get("from")), ToSerial: cardSerial(q.Get("to")), Series: strings.TrimSpace(q.Get("series")),
		Batch: q.Get("batch"), Amount: strings.ReplaceAll(q.Get("amount"), ",", "."), Reseller: q.Get("reseller"), Exported: q.Get("exported"),
	}
	if s := q.Get("status"); s != "" {
		query.Status = []string{s}
	}
	good := true
	for name, at := range map[string]*string{
		"created-from": &query.CreatedFrom, "created-to": &query.CreatedTo, "activated-from": &query.ActivatedFrom, "activated-to": &query.ActivatedTo,
		"expires-from": &query.ExpiresFrom, "expires-to": &query.ExpiresTo,
	} {
		text := q.Get(name)
		if text == "" {
			continue
		}
		day, err := time.ParseInLocation(onDate, text, v.zone())
		if err != nil {
			good = false
			continue
		}
		if strings.HasSuffix(name, "-to") { // that day, too
			day = day.AddDate(0, 0, 1)
		}
		*at = day.Format(time.RFC3339)
		if strings.HasPrefix(name, "expires") { // the day is the brand's
			*at = day.Format(onDate)
		}
	}
	if !good {
		wrong = v.t("orders.wrong-day")
	}
	return query, wrong
}

// cardSerial is a serial as it is stored.
func cardSerial(text string) string { return strings.ToUpper(strings.TrimSpace(text)) }

// cardPage reads how the list is sorted, and where its page begins. Where nothing says it, what is searched for does: its index is in order.
func cardPage(q url.Values) operators.CardPage {
	p := operators.CardPage{Sort: cards.Sort(q.Get("sort")), Descending: q.Get("desc") != "", After: q.Get("after"), Limit: 50}
	if slices.Contains(cards.Sorts(), p.Sort) {
		return p
	}
	has := func(names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return q.Get(name) != "" })
	}
	p.Sort, p.Descending = cards.BySerial, false
	switch {
	case has("serial", "from", "to", "series", "batch", "exported"):
	case has("activated-from", "activated-to"):
		p.Sort, p.Descending = cards.ByActivated, true
	case has("expires-from", "expires-to"):
		p.Sort = cards.ByExpires
	case has("status"):
		p.Sort = cards.ByStatus
	case has("reseller"):
		p.Sort = cards.BySeller
	case has("amount"):
		p.Sort = cards.ByAmount
	default:
		p.Sort, p.Descending = cards.ByCreated, true
	}
	return p
}

// wrongFilter says what is wrong with a filter; "" where something else failed.
func (v *visit) wrongFilter(err error) string {
	var field *operators.FieldError
	var filter *cards.FilterError
	switch {
	case errors.As(err, &field):
		return v.t("cards.wrong-field", "why", field.Err.Error())
	case errors.As(err, &filter):
		return v.t("cards.wrong-filter", "why", err.Error())
	case errors.Is(err, cards.ErrNoJob):
		return v.t("cards.wrong-job")
	}
	return ""
}

// listCards answers with a page of the brand's cards.
func (v *visit) listCards() {
	shop, ok := v.ofCards()
	if !ok {
		return
	}
	q := v.r.URL.Query()
	query, wrong := v.cardQuery(q)
	p := cardPage(q)
	if _, err := cards.ParseKey(p.After); p.After != "" && err != nil {
		p.After, wrong = "", v.t("orders.wrong-page")
	}
	number := ui.Field{Name: "number", Label: v.t("cards.of-number"), Type: "tel", InputMode: "tel", MaxLength: 40}
	posted := v.r.Method == http.MethodPost
	status := http.StatusOK
	if posted {
		number.Value = v.r.PostForm.Get("number")
		m, err := prepaid.ParseMSISDN(number.Value, v.brand.Country)
		if err != nil {
			number.Error, status = v.t("orders.wrong-number"), http.StatusUnprocessableEntity
		}
		query.Customer = m.String()
		p.Sort, p.Descending, p.After, p.Limit = cards.ByActivated, true, "", 100
	}
	var list operators.CardList
	if number.Error == "" {
		var err error
		if list, err = shop.Search(v.r.Context(), query, p); err != nil {
			says := v.wrongFilter(err)
			if says == "" {
				v.fail(err)
				return
			}
			wrong = says
		}
	}
	resellers, err := shop.Resellers(v.r.Context())
	if err != nil {
		v.fail(err)
		return
	}
	data := cardsData{Filters: v.cardFilters(resellers), Table: v.cardTable(list, p)}
	data.Filters.Search, data.Filters.Post = &number, v.cardsAt()
	if !posted {
		data.Filters.CSV = strings.Replace(v.cardsAt("after", ""), "/cards", "/cards.csv", 1)
		found, err := v.countFound(shop, query)
		if err != nil {
			v.fail(err)
			return
		}
		if data.Selection = v.cardSelection(found); data.Selection.Ticks && len(data.Selection.Does) > 0 {
			data.Table.Tick = tickParam
		}
	}
	shown := page{Head: ui.Head{Title: v.t("place.cards"), More: v.cardPlaces(), Action: v.generateLink()}, Template: "cards", Data: data}
	if wrong != "" {
		status, shown.Banner = http.StatusBadRequest, ui.Banner{Tone: ui.Bad, Text: wrong}
	}
	v.show(status, shown)
}

// cardPlaces lead to what else there is about cards.
func (v *visit) cardPlaces() []ui.Link {
	var all []ui.Link
	if v.may(operators.ActCards) != operators.Not {
		all = append(all, ui.Link{Href: v.cardsAt(allParam, allFound), Text: v.t("cards.mass-edit")})
	}
	for _, r := range table() {
		place, under := strings.CutPrefix(r.Pattern, "/{brand}/cards/")
		if key := "cards.to." + place; under && r.Method == http.MethodGet && v.words[v.language].has(key) && v.may(r.Act) != operators.Not {
			all = append(all, ui.Link{Href: v.path("cards", place), Text: v.t(key)})
		}
	}
	return all
}

// generateLink leads to making new cards; nil where the person may not.
func (v *visit) generateLink() *ui.Link {
	if !hasRoute("GET", "/{brand}/cards/generate") || v.may(operators.ActCards) == operators.Not {
		return nil
	}
	return &ui.Link{Href: v.path("cards", "generate"), Text: v.t("cards.generate")}
}

// cardFilterOf are the parameters of an address that narrow the list.
func cardFilterOf(q url.Values) url.Values {
	kept := url.Values{}
	for _, name := range cardParams {
		if value := q.Get(name); value != "" {
			kept.Set(name, value)
		}
	}
	return kept
}

// cardsAt is the address of the list, from its first page, with some of its parameters changed; "" leaves one out.
func (v *visit) cardsAt(pairs ...string) string {
	q := cardFilterOf(v.r.URL.Query())
	for _, name := range []string{"sort", "desc"} {
		if value := v.r.URL.Query().Get(name); value != "" {
			q.Set(name, value)
		}
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		q.Del(pairs[i])
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	if len(q) == 0 {
		return v.path("cards")
	}
	return v.path("cards") + "?" + q.Encode()
}

// cardTable shows cards as rows.
func (v *visit) cardTable(list operators.CardList, p operators.CardPage) ui.Table {
	posted := v.r.Method == http.MethodPost
	column := func(key string, by cards.Sort) ui.Column {
		c := ui.Column{Name: v.t(key)}
		if by == "" || posted {
			return c
		}
		turned := ""
		if p.Sort == by {
			c.Order = "ascending"
			if turned = "1"; p.Descending {
				c.Order, turned = "descending", ""
			}
		}
		c.Sort = v.cardsAt("sort", string(by), "desc", turned)
		return c
	}
	wide := func(c ui.Column) ui.Column { c.Wide = true; return c }
	amount := column("cards.amount", cards.ByAmount)
	amount.Name, amount.Money = amount.Name+" "+string(v.brand.Currency), true
	t := ui.Table{Caption: v.t("place.cards"), Columns: []ui.Column{
		column("cards.status", cards.ByStatus), column("cards.serial", cards.BySerial), amount, wide(column("cards.code", "")),
		column("cards.reseller", cards.BySeller), column("cards.activated", cards.ByActivated), wide(column("cards.created", cards.ByCreated)),
		wide(column("cards.through", cards.ByExpires)), wide(column("cards.batch", "")),
	}, Empty: ui.State{Title: v.t("cards.none"), Text: v.t("cards.none-text"), Link: v.generateLink()}}
	if len(cardFilterOf(v.r.URL.Query())) > 0 || posted {
		t.Empty = ui.State{Title: v.t("cards.none-found"), Text: v.t("orders.none-found-text"), Link: &ui.Link{Href: v.path("cards"), Text: v.t("cards.all")}}
	}
	if list.Next != "" && !posted {
		t.Next = v.cardsAt("sort", string(p.Sort), "desc", map[bool]string{true: "1"}[p.Descending], "after", list.Next)
	}
	if v.r.URL.Query().Get("after") != "" {
		t.First = v.cardsAt()
	}
	for _, c := range list.Cards {
		t.Rows = append(t.Rows, v.cardRow(c))
	}
	return t
}

// cardRow is a card as a row. Its code is never shown.
func (v *visit) cardRow(c operators.CardRow) ui.Row {
	activated := ui.Cell{Time: v.atText(c.Activated), Second: c.Customer}
	batch := ui.Cell{Text: c.Batch, Mono: true}
	if c.Batch != "" {
		batch.To, batch.Text = v.path("cards")+"?"+query("batch", c.Batch), v.batchName(c.Batch)
	}
	return ui.Row{Href: v.path("cards", c.Serial), ID: c.Serial, Link: 1, Cells: []ui.Cell{
		{Status: v.cardStatus(c), Second: v.cardSecond(c)}, {Text: c.Serial, Mono: true}, {Text: c.Amount}, {Text: codeDots},
		{Text: c.Reseller}, activated, {Time: v.atText(c.Created)}, {Text: c.ValidThrough}, batch,
	}}
}

// codeDots stand for a card's code.
const codeDots = "••••••"

// batchName is how lists name a batch: its id says nothing to people.
func (v *visit) batchName(id string) string { return id[:min(len(id), 6)] }

// cardStatus is where a card stands, with the colour of the word.
func (v *visit) cardStatus(c operators.CardRow) ui.Status {
	tone := map[string]ui.Tone{"new": ui.CardNew, "activated": ui.CardDone, "expired": ui.CardExpired}[c.Status]
	if tone == "" {
		tone = ui.CardBad
	}
	return ui.Status{Tone: tone, Word: v.tOr("cards.status."+c.Status, c.Status)}
}

// cardSecond tells new cards apart: only those that are on sale can be redeemed.
func (v *visit) cardSecond(c operators.CardRow) string {
	if c.Status != string(cards.ShownNew) {
		return ""
	}
	return v.t("cards.state." + c.State)
}

// atText is at, of a time as operations write it.
func (v *visit) atText(text string) ui.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return ui.Time{}
	}
	return v.at(t)
}

// statusSays is a status that cards are searched by, in words.
func (v *visit) statusSays(status string) string {
	return v.tOr("cards.status."+status, v.tOr("cards.state."+status, status))
}

// cardFilters are the filters that are set, and those that can be.
func (v *visit) cardFilters(resellers []operators.ResellerRow) ui.Filters {
	q := v.r.URL.Query()
	f := ui.Filters{Action: v.path("cards")}
	for _, name := range cardParams {
		value := q.Get(name)
		if value == "" {
			continue
		}
		says := v.t("cards."+name) + ": "
		switch {
		case name == "status":
			says += v.statusSays(value)
		case name == "reseller" && value == cards.NoReseller:
			says = v.t("cards.no-reseller")
		case name == "exported" && value == operators.NotExported:
			says = v.t("cards.not-exported")
		case name == "exported" || name == "batch":
			says += v.batchName(value)
		default:
			says += value
		}
		f.Chips = append(f.Chips, ui.Chip{Text: says, Remove: v.cardsAt(name, "")})
	}
	field := func(name, kind string) ui.Choice {
		return ui.Choice{Name: name, Label: v.t("cards." + name), Type: kind, Value: q.Get(name)}
	}
	choose := func(name string, options ...ui.Option) ui.Choice {
		c := ui.Choice{Name: name, Label: v.t("cards." + name), Options: append([]ui.Option{{Label: v.t("orders.any")}}, options...)}
		for i := range c.Options {
			c.Options[i].Chosen = c.Options[i].Value == q.Get(name)
		}
		return c
	}
	var statuses []ui.Option
	for _, s := range cardStatuses {
		statuses = append(statuses, ui.Option{Value: string(s), Label: v.statusSays(string(s))})
	}
	sellers := []ui.Option{{Value: cards.NoReseller, Label: v.t("cards.no-reseller")}}
	for _, r := range resellers {
		sellers = append(sellers, ui.Option{Value: r.Name, Label: r.Name})
	}
	f.Choices = []ui.Choice{
		choose("status", statuses...), field("serial", ""), field("from", ""), field("to", ""), field("series", ""), field("batch", ""), field("amount", ""),
		choose("reseller", sellers...), field("exported", ""),
	}
	f.Choices[len(f.Choices)-1].Hint = v.t("cards.exported-hint")
	for _, name := range cardParams[len(cardParams)-6:] {
		f.Choices = append(f.Choices, field(name, "date"))
	}
	return f
}

// cardsFile answers with the list as CSV, times in UTC and numbers masked. It has no code.
func (v *visit) cardsFile() {
	shop, ok := v.ofCards()
	if !ok {
		return
	}
	q := v.r.URL.Query()
	query, wrong := v.cardQuery(q)
	if wrong != "" {
		v.state(http.StatusBadRequest, "state.failed", wrong)
		return
	}
	out := csv.NewWriter(v.w)
	begun := false
	begin := func() error {
		begun = true
		ui.Protect(v.w.Header())
		v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		v.w.Header().Set("Content-Disposition", `attachment; filename="cards-`+v.brand.Name+`.csv"`)
		return out.Write([]string{"status", "serial", "amount", "currency", "reseller", "activated", "customer", "created", "valid_through", "state", "batch", "order"})
	}
	err := shop.Each(v.r.Context(), query, cardPage(q), func(c operators.CardRow) error {
		if !begun {
			if err := begin(); err != nil {
				return err
			}
		}
		return out.Write(plainCells(c.Status, c.Serial, c.Amount, c.Currency, c.Reseller, c.Activated, strings.TrimPrefix(c.Customer, "+"), c.Created, c.ValidThrough, c.State, c.Batch, c.Order))
	})
	switch {
	case err != nil && !begun:
		if says := v.wrongFilter(err); says != "" {
			v.state(http.StatusBadRequest, "state.failed", says)
			return
		}
		v.fail(err)
		return
	case err != nil:
		v.Log.ErrorContext(v.r.Context(), "desk: file cut off", "error", err)
		panic(http.ErrAbortHandler) // half a file must not look whole
	case !begun:
		_ = begin()
	}
	out.Flush()
}
