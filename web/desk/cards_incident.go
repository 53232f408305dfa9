package desk

import (
	"net/http"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/web/ui"
)

// cardsIncidentRoutes are what is looked at once cards were stolen.
func cardsIncidentRoutes() []route {
	return []route{get("/{brand}/cards/incident", operators.ActSee, (*visit).incident)}
}

// incidentParams say which cards are gone, and since when.
var incidentParams = []string{"from", "to", "batch", "since"}

// shownRedemptions is how many the report lists; it says so where there are more.
const shownRedemptions = 200

// incidentData is what the template "incident" shows.
type incidentData struct {
	Form     []ui.Choice
	Action   string
	States   ui.Table
	Redeemed ui.Table
	More     string // that there are more than are listed
	Actions  []orderAction
	At       string
}

// incident answers with a range of cards or a batch that was stolen: what is still worth something, and what was redeemed since, by whom.
func (v *visit) incident() {
	shop, ok := v.ofCards()
	if !ok {
		return
	}
	q := v.r.URL.Query()
	data := incidentData{Action: v.path("cards", "incident"), At: v.clock(v.Clock.Now())}
	for _, name := range incidentParams {
		key := "cards." + name
		if name == "since" {
			key = "incident.since"
		}
		c := ui.Choice{Name: name, Label: v.t(key), Value: q.Get(name)}
		if name == "since" {
			c.Type = "date"
		}
		data.Form = append(data.Form, c)
	}
	head := ui.Head{Title: v.t("incident.title"), Sentence: v.t("incident.sentence"), More: []ui.Link{{Href: v.path("cards"), Text: v.t("place.cards")}}}
	p := page{Head: head, Template: "incident"}
	narrow := cardFilterOf(q)
	if len(narrow) == 0 {
		p.Data = data
		v.show(http.StatusOK, p)
		return
	}
	query, wrong := v.cardQuery(q)
	says, err := v.fillIncident(shop, query, &data)
	if err != nil {
		if wrong = v.wrongFilter(err); wrong == "" {
			v.fail(err)
			return
		}
	}
	status := http.StatusOK
	if wrong != "" {
		status, p.Banner = http.StatusBadRequest, ui.Banner{Tone: ui.Bad, Text: wrong}
	} else {
		p.Head.Sentence = says
	}
	p.Data = data
	v.show(status, p)
}

// fillIncident looks at the cards. It returns the sentence that the reader came for.
func (v *visit) fillIncident(shop operators.Cards, query operators.CardQuery, data *incidentData) (string, error) {
	found, err := shop.Balances(v.r.Context(), query, cards.ByNothing)
	if err != nil {
		return "", err
	}
	data.States = v.incidentStates(found)
	spent := query
	spent.Status = []string{string(cards.ShownActivated)}
	if day := v.date(v.r.URL.Query().Get("since")); !day.IsZero() {
		spent.ActivatedFrom = day.Format("2006-01-02T15:04:05Z07:00")
	}
	list, err := shop.Search(v.r.Context(), spent, operators.CardPage{Sort: cards.ByActivated, Descending: true, Limit: shownRedemptions})
	if err != nil {
		return "", err
	}
	data.Redeemed = v.incidentRedeemed(list)
	if list.Next != "" {
		data.More = v.t("incident.more", "count", v.number(shownRedemptions))
	}
	since, err := shop.Balances(v.r.Context(), spent, cards.ByNothing)
	if err != nil {
		return "", err
	}
	var live, all, redeemed int64
	worth := ""
	for _, row := range found.Rows {
		live, all = live+row.Live, all+row.Issued
		worth = row.Liability + " " + row.Currency
	}
	for _, row := range since.Rows {
		redeemed += row.Spent
	}
	data.Actions = v.incidentActions(found)
	return v.t("incident.says", "count", v.number(all), "live", v.number(live), "redeemed", v.number(redeemed), "worth", worth), nil
}

// incidentStates tells where the cards stand, and what they are worth together.
func (v *visit) incidentStates(found operators.CardBalances) ui.Table {
	t := ui.Table{Caption: v.t("incident.states"), Columns: []ui.Column{{Name: v.t("cards.status")}, {Name: v.t("jobs.cards"), Money: true}}, Empty: ui.State{Title: v.t("cards.none-found")}}
	for _, row := range found.Rows {
		for _, s := range statesOf(row) {
			cell := ui.Cell{Status: ui.Status{Tone: s.tone, Word: v.statusSays(s.shown)}}
			if s.word != s.shown {
				cell.Second = v.statusSays(s.word)
			}
			if s.n > 0 {
				t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{cell, {Text: v.number(s.n)}}})
			}
		}
	}
	return t
}

// incidentRedeemed lists what was redeemed, and by whom.
func (v *visit) incidentRedeemed(list operators.CardList) ui.Table {
	t := ui.Table{Caption: v.t("incident.redeemed"), Columns: []ui.Column{
		{Name: v.t("cards.serial")}, {Name: v.t("cards.activated")}, {Name: v.t("incident.by")}, {Name: v.t("cards.amount"), Money: true}, {Name: v.t("orders.number")},
	}, Empty: ui.State{Title: v.t("incident.none-redeemed")}}
	for _, c := range list.Cards {
		at := v.atText(c.Activated)
		row := ui.Row{Href: v.path("cards", c.Serial), Cells: []ui.Cell{{Text: c.Serial, Mono: true}, {Text: at.Full}, {Text: c.Customer}, {Text: v.cardMoney(c)}, {}}}
		if c.Order != "" {
			row.Cells[4] = ui.Cell{Text: c.Order, To: v.path("orders", c.Order)}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// incidentActions are to lock all of them at once, and to make them void.
func (v *visit) incidentActions(found operators.CardBalances) []orderAction {
	count := map[string]int64{}
	for _, row := range found.Rows {
		count["lock"] += row.Live + row.Generated
		count["void"] += row.Live + row.Generated + row.Locked
	}
	chosen := cardFilterOf(v.r.URL.Query())
	chosen.Set(allParam, allFound)
	var all []orderAction
	for _, a := range cardActs {
		if right := v.may(a.act); right != operators.Not && count[a.do] > 0 {
			all = append(all, orderAction{ui.Link{Href: v.path("cards", a.do) + "?" + chosen.Encode(), Text: v.t("cards.do-so-many."+a.do, "count", v.number(count[a.do]))}, v.t("incident.does." + a.do), right == operators.Asks})
		}
	}
	return append(all, orderAction{ui.Link{Href: v.path("cards") + "?" + cardFilterOf(v.r.URL.Query()).Encode(), Text: v.t("incident.list")}, v.t("incident.does.list"), false})
}
