package desk

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"pulsa/developers"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// developersRoutes are the developers' keys, and what is done to them.
func developersRoutes() []route {
	const one = "/{brand}/developers/{developer}"
	all := []route{get("/{brand}/developers", operators.ActSee, (*visit).developers), get(one, operators.ActSee, (*visit).developer)}
	all = append(all, runs("/{brand}/new-developer", operators.ActKeys, (*visit).newKey)...)
	for _, to := range []operators.KeyChange{operators.KeySuspend, operators.KeyResume, operators.KeyRevoke} {
		all = append(all, runs(one+"/"+string(to), operators.ActKeys, func(v *visit) { v.changeKey(to) })...)
	}
	all = append(all, runs(one+"/credit", operators.ActCredit, (*visit).creditKey)...)
	return append(all, runs(one+"/deliveries/{delivery}/repeat", operators.ActKeys, (*visit).repeatDelivery)...)
}

// developers answers with the brand's keys.
func (v *visit) developers() {
	rows, err := v.Desk.Desk.APIKeys.List(v.r.Context(), v.brand.Name)
	if err != nil {
		v.fail(err)
		return
	}
	t := ui.Table{Caption: v.t("place.developers"), Columns: []ui.Column{
		{Name: v.t("dev.name")}, {Name: v.t("dev.state")}, {Name: v.t("dev.balance"), Money: true}, {Name: v.t("dev.scopes"), Wide: true}, {Name: v.t("dev.used")},
	}, Empty: ui.State{Title: v.t("dev.none"), Text: v.t("dev.none-text")}}
	for _, k := range rows {
		t.Rows = append(t.Rows, ui.Row{Href: v.path("developers", k.Key), ID: k.Key, Cells: []ui.Cell{
			{Text: k.Name}, {Status: v.keyStatus(k)}, {Text: k.Balance + " " + k.Currency}, {Text: k.Scopes}, v.keyUsed(k),
		}})
	}
	head := ui.Head{Title: v.t("place.developers")}
	_, sells := v.Desk.Desk.APIKeys.Terms(v.brand.Name)
	if !sells {
		t.Empty.Text = v.t("dev.no-api")
	} else if v.may(operators.ActKeys) != operators.Not {
		head.Action = &ui.Link{Href: v.path("new-developer"), Text: v.t("dev.new")}
	}
	v.show(http.StatusOK, page{Head: head, Template: "table", Data: t})
}

// keyStatus is whether a key works.
func (v *visit) keyStatus(k operators.KeyRow) ui.Status {
	switch {
	case k.Revoked:
		return ui.Status{Tone: ui.Idle, Word: v.t("dev.revoked")}
	case k.Suspended:
		return ui.Status{Tone: ui.Wait, Word: v.t("dev.suspended")}
	}
	return ui.Status{Tone: ui.Good, Word: v.t("dev.works")}
}

// keyUsed is when a key was last used.
func (v *visit) keyUsed(k operators.KeyRow) ui.Cell {
	if k.LastUsedAt == nil {
		return ui.Cell{Text: v.t("dev.never")}
	}
	return ui.Cell{Time: v.at(*k.LastUsedAt)}
}

// deliveriesShown is how many deliveries a key's page shows.
const deliveriesShown = 50

// keyOf is the key that the address names. It answers, and reports false, where the brand has none.
func (v *visit) keyOf() (operators.KeyDetail, bool) {
	k, err := v.Desk.Desk.APIKeys.Show(v.r.Context(), v.r.PathValue("developer"))
	if err == nil && k.Brand != v.brand.Name {
		err = developers.ErrNoKey
	}
	if err != nil {
		v.fail(err)
	}
	return k, err == nil
}

// developer answers with one key.
func (v *visit) developer() {
	k, ok := v.keyOf()
	if !ok {
		return
	}
	id := k.Key
	deliveries, err := v.Desk.Desk.APIKeys.Deliveries(v.r.Context(), id, "", deliveriesShown)
	if err != nil {
		v.fail(err)
		return
	}
	hook, err := v.Desk.Desk.APIKeys.Webhook(v.r.Context(), id)
	address := hook.URL
	if err != nil {
		address = v.t("dev.no-webhook")
	}
	head := ui.Head{Title: k.Name, Status: v.keyStatus(k.KeyRow), Sentence: v.t("dev.sentence", "balance", k.Balance+" "+k.Currency), More: v.keyActions(k.KeyRow)}
	head.More = append(head.More, v.deedsOf(prepaid.OnKey, id))
	if v.may(operators.ActCredit) != operators.Not {
		head.Action = &ui.Link{Href: v.path("developers", id, "credit"), Text: v.t("dev.credit")}
	}
	shown := struct {
		Facts      [][2]string
		Terms      [][2]string
		Deliveries ui.Table
	}{
		Facts: [][2]string{{v.t("dev.key"), k.Key}, {v.t("dev.scopes"), k.Scopes}, {v.t("dev.made"), v.at(k.CreatedAt).Full}, {v.t("dev.webhook"), address}},
		Terms: v.terms(), Deliveries: v.deliveries(id, deliveries),
	}
	v.show(http.StatusOK, page{Head: head, Template: "developer", Data: shown})
}

// keyActions are what may be done to a key now.
func (v *visit) keyActions(k operators.KeyRow) []ui.Link {
	if k.Revoked || v.may(operators.ActKeys) == operators.Not {
		return nil
	}
	first := operators.KeySuspend
	if k.Suspended {
		first = operators.KeyResume
	}
	var all []ui.Link
	for _, to := range []operators.KeyChange{first, operators.KeyRevoke} {
		all = append(all, ui.Link{Href: v.path("developers", k.Key, string(to)), Text: v.t("dev.do." + string(to))})
	}
	return all
}

// terms are what the brand's developers pay.
func (v *visit) terms() [][2]string {
	terms, sells := v.Desk.Desk.APIKeys.Terms(v.brand.Name)
	if !sells {
		return nil
	}
	var all [][2]string
	for _, c := range terms.Currencies() {
		rate := v.t("dev.own-currency")
		if fx, ok := terms.FX[c]; ok {
			rate = v.t("dev.rate", "date", fx.Date.Format("2006-01-02"))
		}
		all = append(all, [2]string{string(c), rate})
	}
	for _, operator := range slices.Sorted(maps.Keys(terms.Discounts)) {
		all = append(all, [2]string{v.t("dev.operator", "id", fmt.Sprint(operator)), v.t("dev.discount", "percent", terms.Discounts[operator].String())})
	}
	if terms.DayCount > 0 {
		all = append(all, [2]string{v.t("dev.day-count"), number(int64(terms.DayCount))})
	}
	if !terms.DaySum.Zero() {
		all = append(all, [2]string{v.t("dev.day-sum"), money(terms.DaySum)})
	}
	return append(all, [2]string{v.t("dev.per-minute"), number(int64(terms.PerMinute))})
}

// deliveries are the newest webhooks that a key was sent.
func (v *visit) deliveries(key string, rows []operators.DeliveryRow) ui.Table {
	t := ui.Table{Caption: v.t("dev.deliveries"), Columns: []ui.Column{
		{Name: v.t("dev.transaction")}, {Name: v.t("dev.told")}, {Name: v.t("dev.state")}, {Name: v.t("dev.answer")}, {Name: v.t("dev.made")},
	}, Empty: ui.State{Title: v.t("dev.no-deliveries"), Text: v.t("dev.no-deliveries-text")}}
	for _, d := range rows {
		tone := map[developers.DeliveryStatus]ui.Tone{developers.DeliveryTaken: ui.Good, developers.DeliveryWaiting: ui.Wait, developers.DeliveryGivenUp: ui.Bad}[d.Status]
		row := ui.Row{Cells: []ui.Cell{
			{Text: fmt.Sprint(d.Transaction)}, {Text: strings.ToLower(string(d.State))}, {Status: ui.Status{Tone: tone, Word: v.tOr("dev.delivery."+string(d.Status), string(d.Status))}, Second: d.Progress()},
			{Text: d.Code, Second: d.Excerpt}, {Time: v.at(d.CreatedAt)},
		}}
		if v.may(operators.ActKeys) != operators.Not {
			row.Href = v.path("developers", key, "deliveries", d.Delivery, "repeat")
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// newKey makes a key.
func (v *visit) newKey() {
	name := ui.Input{Field: ui.Field{Name: "name", Label: v.t("dev.name"), Hint: v.t("dev.name-hint"), MaxLength: 60, Required: true}}
	scopes := ui.Input{Field: ui.Field{Name: "scopes", Label: v.t("dev.scopes"), Hint: v.t("dev.scopes-hint")}}
	currency := ui.Input{Field: ui.Field{Name: "currency", Label: v.t("dev.currency"), Hint: v.t("dev.currency-hint"), MaxLength: 3}}
	v.run(task{Title: v.t("dev.new"), Back: v.path("developers"), Fields: []ui.Input{name, scopes, currency}, Read: func(f *typed) operators.Operation {
		if f.text("name") == "" {
			f.wrong("name", v.t("dev.no-name"))
		}
		return operators.CreateKey{New: operators.NewKey{Brand: v.brand.Name, Name: f.text("name"), Scopes: f.text("scopes"), Currency: f.text("currency")}}
	}})
}

func (v *visit) changeKey(to operators.KeyChange) {
	id := v.r.PathValue("developer")
	v.run(task{Title: v.t("dev.do." + string(to)), Back: v.path("developers", id), Danger: to == operators.KeyRevoke, Read: func(*typed) operators.Operation {
		return operators.ChangeKey{Brand: v.brand.Name, Key: id, To: to}
	}})
}

// creditKey books a payment in advance, or one back.
func (v *visit) creditKey() {
	k, ok := v.keyOf()
	if !ok {
		return
	}
	id := k.Key
	amount := ui.Input{Field: ui.Field{Name: "amount", Label: v.t("dev.amount"), Hint: v.t("dev.amount-hint"), InputMode: "decimal", MaxLength: 20, Required: true}}
	reference := ui.Input{Field: ui.Field{Name: "reference", Label: v.t("dev.reference"), Hint: v.t("dev.reference-hint"), MaxLength: 100}}
	v.run(task{Title: v.t("dev.credit"), Back: v.path("developers", id), Danger: true, Fields: []ui.Input{amount, reference}, Read: func(f *typed) operators.Operation {
		if f.text("amount") == "" {
			f.wrong("amount", v.t("dev.no-amount"))
		}
		return operators.CreditKey{Brand: v.brand.Name, Credit: operators.KeyCredit{Key: id, Amount: f.text("amount"), Reference: f.text("reference")}}
	}})
}

// repeatDelivery sends a webhook once more.
func (v *visit) repeatDelivery() {
	id := v.r.PathValue("developer")
	v.run(task{Title: v.t("dev.repeat"), Back: v.path("developers", id), Read: func(*typed) operators.Operation {
		return operators.RepeatDelivery{Brand: v.brand.Name, Key: id, Delivery: v.r.PathValue("delivery")}
	}})
}
