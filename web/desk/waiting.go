package desk

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// waitingRoutes are the list of what waits for people, and what is done about it: at a brand, and of what belongs to none.
func waitingRoutes() []route {
	all := []route{
		get("/{brand}/waiting", operators.ActSee, (*visit).waiting),
		get("/-/waiting", "", (*visit).waiting),
		post("/{brand}/mandates/{mandate}", operators.ActUnmask, (*visit).evidence),
	}
	for _, of := range []string{"/{brand}", "/-"} {
		one := of + "/waiting/{kind}/{id}"
		all = append(all, get(one, operators.ActSee, (*visit).waitingOne), post(of+"/open/{kind}/{id}", operators.ActSee, (*visit).sayOpen))
		all = append(all, runs(one+"/assign", operators.ActSee, (*visit).assign)...)
		all = append(all, post(one+"/take", operators.ActSee, (*visit).take))
		all = append(all, runs(one+"/close", operators.ActBooks, (*visit).closeDifference)...)
	}
	all = append(all, runs("/{brand}/waiting/{kind}/{id}/paid", operators.ActBooks, (*visit).bookPaid)...)
	return append(all, runs("/{brand}/waiting/{kind}/{id}/told", operators.ActHelp, (*visit).tellByHand)...)
}

// waiting answers with what waits for people, the oldest first.
func (v *visit) waiting() {
	q := v.r.Form
	f := operators.WaitFilter{Brands: v.brandNames(), Kind: operators.WaitKind(q.Get("kind")), After: operators.ReadWaitCursor(q.Get("after"))}
	person := q.Get("person")
	switch person {
	case "":
	case "nobody":
		f.Nobodys = true
	case "me":
		f.Person = v.actor.Person
	default:
		f.Person = operators.PersonID(person)
	}
	if len(f.Brands) == 0 {
		v.notHere()
		return
	}
	list, err := v.Desk.Desk.Waiting(v.r.Context(), f)
	if err != nil {
		v.fail(err)
		return
	}
	filters, err := v.waitFilters(f.Kind, person)
	if err != nil {
		v.fail(err)
		return
	}
	table := v.waitList(list.Rows)
	keep := []string{"kind", string(f.Kind), "person", person}
	if list.Next != "" {
		table.Next = v.path("waiting") + "?" + query(append(keep, "after", list.Next)...)
	}
	if q.Get("after") != "" {
		table.First = v.path("waiting") + "?" + query(keep...)
	}
	table.Empty = ui.State{Title: v.t("wait.none"), Text: v.t("wait.none-text")}
	if f.Kind != "" || person != "" {
		table.Empty = ui.State{Title: v.t("wait.none-such"), Link: &ui.Link{Href: v.path("waiting"), Text: v.t("wait.all")}}
	}
	head := ui.Head{Title: v.t("place.waiting")}
	if v.brand != nil && len(v.seen()) > 1 {
		head.More = []ui.Link{{Href: "/-/waiting", Text: v.t("today.all-brands")}}
	}
	if len(list.Rows) > 0 && q.Get("after") == "" {
		head.Sentence = v.t("wait.sentence", "age", v.span(v.Clock.Now().Sub(list.Rows[0].Since)), "what", strings.ToLower(v.t("wait.kind."+string(list.Rows[0].Kind))))
	}
	v.show(http.StatusOK, page{Head: head, Template: "waiting", Data: struct {
		Filters ui.Filters
		Table   ui.Table
	}{filters, table}})
}

// waitFilters are kind and person, as links.
func (v *visit) waitFilters(kind operators.WaitKind, person string) (ui.Filters, error) {
	colleagues, err := v.colleagues()
	if err != nil {
		return ui.Filters{}, err
	}
	kinds := []ui.Option{{Label: v.t("wait.any"), Chosen: kind == ""}}
	for _, k := range operators.WaitKinds() {
		kinds = append(kinds, ui.Option{Value: string(k), Label: v.t("wait.kind." + string(k)), Chosen: k == kind})
	}
	people := []ui.Option{{Label: v.t("wait.anybody"), Chosen: person == ""}, {Value: "me", Label: v.t("wait.me"), Chosen: person == "me"}, {Value: "nobody", Label: v.t("wait.nobody"), Chosen: person == "nobody"}}
	for _, c := range colleagues {
		if c.Person != v.actor.Person {
			people = append(people, ui.Option{Value: string(c.Person), Label: c.Name, Chosen: person == string(c.Person)})
		}
	}
	f := ui.Filters{Action: v.path("waiting"), Choices: []ui.Choice{
		{Name: "kind", Label: v.t("wait.what"), Options: kinds}, {Name: "person", Label: v.t("wait.who"), Options: people},
	}}
	if kind != "" {
		f.Chips = append(f.Chips, ui.Chip{Text: v.t("wait.what") + ": " + v.t("wait.kind."+string(kind)), Remove: v.path("waiting") + "?" + query("person", person)})
	}
	if i := slices.IndexFunc(people, func(o ui.Option) bool { return o.Value == person }); person != "" && i >= 0 {
		f.Chips = append(f.Chips, ui.Chip{Text: v.t("wait.who") + ": " + people[i].Label, Remove: v.path("waiting") + "?" + query("kind", string(kind))})
	}
	return f, nil
}

// colleagues are the people who have a role in the brand; where there is none, those of all brands.
func (v *visit) colleagues() ([]operators.Actor, error) {
	all, err := v.Desk.Desk.Staff.Actors(v.r.Context())
	return slices.DeleteFunc(all, func(a operators.Actor) bool { return !a.Sees(v.brandName()) }), err
}

// waitList is a table of what waits.
func (v *visit) waitList(rows []operators.Wait) ui.Table {
	t := ui.Table{Caption: v.t("place.waiting"), Columns: []ui.Column{
		{Name: v.t("wait.what")}, {Name: v.t("wait.about")}, {Name: v.t("wait.amount"), Money: true}, {Name: v.t("wait.since")}, {Name: v.t("wait.who")}, {Name: v.t("wait.note"), Wide: true},
	}}
	for _, w := range rows {
		about := ui.Cell{Text: w.Number, Second: v.waitWhy(w)}
		switch {
		case w.Order != "":
			about = ui.Cell{Text: w.Order.Grouped(), Mono: true, Second: v.waitWhy(w)}
		case len(w.Items) > 0:
			about = ui.Cell{Text: w.Items[0].Provider + " " + w.Items[0].Reference, Second: v.waitWhy(w)}
		}
		amount := ""
		if w.Amount.Currency != "" {
			amount = money(w.Amount)
		}
		since := v.at(w.Since)
		since.Short = v.span(v.Clock.Now().Sub(w.Since))
		t.Rows = append(t.Rows, ui.Row{Href: waitPath(w.On), ID: w.On.ID, Cells: []ui.Cell{
			{Text: v.t("wait.kind." + string(w.Kind))}, about, {Text: amount}, {Time: since}, {Text: cmp.Or(w.Name, v.t("wait.nobody")), To: waitingPath(w.On) + "/assign"}, {Text: w.Note},
		}})
	}
	return t
}

// waitWhy says in a few words why something waits.
func (v *visit) waitWhy(w operators.Wait) string {
	switch w.Kind {
	case operators.WaitUnknown:
		return v.t("order.status." + string(w.Status))
	case operators.WaitNews:
		return v.tOr("wait.held."+w.Why, w.Why)
	case operators.WaitDifference, operators.WaitDispute:
		if w.Amount.Zero() {
			return v.t("wait.nets-to-nothing")
		}
		return w.Why
	}
	if w.Why == "" {
		return ""
	}
	return v.reason(w.Why)
}

// waitPath is the page of what waits: of an order, its own.
func waitPath(o operators.Object) string {
	if o.Kind == prepaid.OnOrder {
		return "/" + o.Brand + "/orders/" + o.ID
	}
	return waitingPath(o)
}

// waitingPath is the page of what waits, as one thing that waits.
func waitingPath(o operators.Object) string {
	return "/" + cmp.Or(o.Brand, "-") + "/waiting/" + o.Kind + "/" + o.ID
}

// object is the object of the address.
func (v *visit) object() operators.Object {
	return operators.Object{Brand: v.brandName(), Kind: v.r.PathValue("kind"), ID: v.r.PathValue("id")}
}

// waitOf reads what waits of the address; false, once it has answered, where nothing does.
func (v *visit) waitOf() (operators.Wait, bool) {
	o := v.object()
	list, err := v.Desk.Desk.Waiting(v.r.Context(), operators.WaitFilter{Brands: []string{o.Brand}, ID: o.ID, Limit: 10})
	if err != nil {
		v.fail(err)
		return operators.Wait{}, false
	}
	i := slices.IndexFunc(list.Rows, func(w operators.Wait) bool { return w.On == o })
	if i < 0 {
		v.state(http.StatusNotFound, "wait.gone", v.t("wait.gone-text"))
		return operators.Wait{}, false
	}
	return list.Rows[i], true
}

// waitShown is what the template "waiting-one" shows.
type waitShown struct {
	Facts    [][2]string
	Items    ui.Table
	Mandates []mandateForm
	Assigned string
	Note     string
	Take     string // where the button posts to; "" where it is the person's own
	Assign   string // where it is left to a colleague
	Links    []ui.Link
	Key      string
}

// mandateForm asks for a mandate's evidence.
type mandateForm struct {
	Reference, Agreed, Action string
	Reason                    ui.Field
}

// waitingOne answers with one thing that waits.
func (v *visit) waitingOne() {
	w, ok := v.waitOf()
	if !ok {
		return
	}
	shown := waitShown{Assigned: w.Name, Note: w.Note, Key: prepaid.NewToken(), Assign: v.r.URL.Path + "/assign", Items: v.itemsTable(w)}
	at := v.at(w.Since)
	shown.Facts = append(shown.Facts, [2]string{v.t("wait.since"), at.Full + " (" + v.span(v.Clock.Now().Sub(w.Since)) + ")"})
	if w.Number != "" {
		shown.Facts = append(shown.Facts, [2]string{v.t("wait.number"), w.Number})
	}
	if w.Amount.Currency != "" {
		shown.Facts = append(shown.Facts, [2]string{v.t("wait.amount"), money(w.Amount)})
	}
	if why := v.waitWhy(w); why != "" {
		shown.Facts = append(shown.Facts, [2]string{v.t("wait.why"), why})
	}
	if w.Person != v.actor.Person {
		shown.Take = v.r.URL.Path + "/take"
	}
	shown.Links = v.waitLinks(w)
	if err := v.addMandates(w, &shown); err != nil {
		v.fail(err)
		return
	}
	head := ui.Head{Title: v.t("wait.kind." + string(w.Kind)), Sentence: v.t("wait.says." + string(w.Kind)), Action: v.waitAction(w)}
	if w.Order != "" {
		head.Code = w.Order.Grouped()
	}
	v.show(http.StatusOK, page{Head: head, Template: "waiting-one", Data: shown})
}

// waitAction is what ends it.
func (v *visit) waitAction(w operators.Wait) *ui.Link {
	act, way := map[operators.WaitKind]operators.Act{
		operators.WaitDebt: operators.ActBooks, operators.WaitDifference: operators.ActBooks, operators.WaitDispute: operators.ActBooks, operators.WaitNews: operators.ActHelp,
	}, map[operators.WaitKind]string{
		operators.WaitDebt: "paid", operators.WaitDifference: "close", operators.WaitDispute: "close", operators.WaitNews: "told",
	}
	if way[w.Kind] == "" || v.may(act[w.Kind]) == operators.Not {
		return nil
	}
	return &ui.Link{Href: v.r.URL.Path + "/" + way[w.Kind], Text: v.t("wait.do." + way[w.Kind])}
}

// waitLinks lead to what it is about.
func (v *visit) waitLinks(w operators.Wait) []ui.Link {
	var all []ui.Link
	if w.Order != "" {
		all = append(all, ui.Link{Href: v.path("orders", string(w.Order)), Text: v.t("wait.to-order")})
	}
	if w.Customer != "" && hasRoute("GET", "/{brand}/customers/{customer}") {
		all = append(all, ui.Link{Href: v.path("customers", string(w.Customer)), Text: v.t("wait.to-customer")})
	}
	return all
}

// itemsTable is what both sides have of a difference.
func (v *visit) itemsTable(w operators.Wait) ui.Table {
	t := ui.Table{Caption: v.t("wait.items"), Columns: []ui.Column{
		{Name: v.t("wait.what")}, {Name: v.t("wait.provider")}, {Name: v.t("wait.ours"), Money: true}, {Name: v.t("wait.theirs"), Money: true}, {Name: v.t("wait.happened")},
	}}
	for _, i := range w.Items {
		sum := func(minor int64) string { return money(prepaid.Money{Minor: minor, Currency: i.Currency}) }
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Text: i.Kind, Second: i.Note}, {Text: i.Provider, Second: i.Reference}, {Text: sum(i.Ours)}, {Text: sum(i.Theirs)}, {Time: v.at(i.HappenedAt)},
		}})
	}
	return t
}

// addMandates adds what a bank asks for where a customer owes.
func (v *visit) addMandates(w operators.Wait, shown *waitShown) error {
	if w.Customer == "" || v.may(operators.ActUnmask) != operators.May {
		return nil
	}
	mandates, err := v.Desk.Desk.Customers.Mandates.MandatesOf(v.r.Context(), w.Customer)
	for _, m := range mandates {
		shown.Mandates = append(shown.Mandates, mandateForm{m.Reference, v.at(m.AgreedAt).Full, v.path("mandates", m.Reference), ui.Field{
			Name: fieldReason, Label: v.t("do.reason"), Hint: v.t("do.reason-hint"), MaxLength: maxReason, Required: true,
		}})
	}
	return err
}

// sayOpen takes what an open page says: that it is open. It answers with who else has it open.
func (v *visit) sayOpen() {
	others, err := v.Desk.Desk.SayOpen(v.r.Context(), v.actor, v.object())
	if err != nil {
		v.fail(err)
		return
	}
	var says []string
	for _, p := range others {
		says = append(says, v.t("wait.open", "name", p.Name, "time", v.clock(p.Since)))
	}
	v.part("present", says)
}

// take leaves it to the person at once.
func (v *visit) take() {
	w, ok := v.waitOf()
	if !ok {
		return
	}
	key := v.r.PostForm.Get(fieldKey)
	op := operators.Assign{To: w.On, Person: v.actor.Person, Name: cmp.Or(v.actor.Name, v.actor.Email), Note: w.Note}
	if _, err := v.Desk.Desk.Do(v.r.Context(), v.actor, key, op, v.t("wait.taken")); err != nil {
		v.fail(err)
		return
	}
	v.redirect(withDone(waitPath(w.On), key))
}

// assign leaves it to a colleague, with a note.
func (v *visit) assign() {
	w, ok := v.waitOf()
	if !ok {
		return
	}
	colleagues, err := v.colleagues()
	if err != nil {
		v.fail(err)
		return
	}
	who := ui.Input{Field: ui.Field{Name: "person", Label: v.t("wait.who")}, Options: []ui.Option{{Value: "nobody", Label: v.t("wait.nobody"), Chosen: w.Person == ""}}}
	names := map[string]string{}
	for _, c := range colleagues {
		names[string(c.Person)] = cmp.Or(c.Name, c.Email)
		who.Options = append(who.Options, ui.Option{Value: string(c.Person), Label: names[string(c.Person)], Chosen: c.Person == w.Person})
	}
	note := ui.Input{Field: ui.Field{Name: "note", Label: v.t("wait.note"), Hint: v.t("wait.note-hint"), Value: w.Note, MaxLength: 500}, Rows: 3}
	v.run(task{
		Title: v.t("wait.assign"), Back: v.path("waiting"), Fields: []ui.Input{who, note}, Why: v.t("wait.assigned"),
		Read: func(f *typed) operators.Operation {
			person := f.text("person")
			if person == "nobody" {
				person = ""
			}
			if person != "" && names[person] == "" {
				f.wrong("person", v.t("wait.no-person"))
			}
			return operators.Assign{To: w.On, Person: operators.PersonID(person), Name: names[person], Note: f.text("note")}
		},
	})
}

func (v *visit) closeDifference() {
	o := v.object()
	v.run(task{Title: v.t("wait.do.close"), Back: v.path("waiting"), Danger: true, Read: func(*typed) operators.Operation {
		return operators.CloseDifference{Brand: o.Brand, ID: o.ID}
	}})
}

func (v *visit) bookPaid() {
	o := v.object()
	v.run(task{Title: v.t("wait.do.paid"), Back: v.path("waiting"), Danger: true, Read: func(*typed) operators.Operation {
		return operators.BookPaidDebt{Brand: o.Brand, Customer: prepaid.CustomerID(o.ID)}
	}})
}

func (v *visit) tellByHand() {
	o := v.object()
	v.run(task{Title: v.t("wait.do.told"), Back: v.path("waiting"), Read: func(*typed) operators.Operation {
		return operators.TellByHand{Brand: o.Brand, Notice: prepaid.NoticeID(o.ID)}
	}})
}

// evidence answers with all that a bank asks for of a mandate, as one file.
func (v *visit) evidence() {
	e, err := v.Desk.Desk.Evidence(v.r.Context(), v.actor, v.brandName(), v.r.PathValue("mandate"), v.r.PostForm.Get(fieldReason))
	if err != nil {
		v.fail(err)
		return
	}
	shown := evidenceShown{Evidence: e, Language: v.language, Agreed: v.at(e.Mandate.AgreedAt).Full, Made: v.at(v.Clock.Now()).Full}
	for _, o := range e.Orders {
		shown.Orders = append(shown.Orders, [4]string{o.ID.Grouped(), v.at(o.CreatedAt).Full, money(o.Amount), v.t("order.status." + string(o.Status))})
	}
	file, err := v.html("evidence", shown)
	if err != nil {
		v.fail(err)
		return
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", "mandate-"+e.Mandate.Reference+".html"))
	ui.Protect(v.w.Header())
	fmt.Fprint(v.w, "<!doctype html>\n", file)
}

// evidenceShown is what the template "evidence" shows.
type evidenceShown struct {
	operators.Evidence
	Language, Agreed, Made string
	Orders                 [][4]string
}
