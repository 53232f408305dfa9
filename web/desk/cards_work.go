package desk

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"pulsa/cards"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// cardsWorkRoutes are what is done to many cards: to those that are ticked in the list, or to all that its filters leave.
func cardsWorkRoutes() []route {
	const cards = "/{brand}/cards/"
	var all []route
	all = append(all, runs(cards+"lock", operators.ActLockCards, (*visit).lockCards)...)
	all = append(all, runs(cards+"unlock", operators.ActCards, (*visit).unlockCards)...)
	all = append(all, runs(cards+"edit", operators.ActCards, (*visit).editCards)...)
	// Whoever may ask for what needs two people may open the form; the operation's own act decides how much one may do alone.
	all = append(all, runs(cards+"release", operators.ActCardsOver, (*visit).releaseCards)...)
	all = append(all, runs(cards+"void", operators.ActCardsOver, (*visit).voidCards)...)
	all = append(all, runs(cards+"export", operators.ActCardsOver, (*visit).exportCards)...)
	all = append(all, runs(cards+"delete", operators.ActCardsOver, (*visit).deleteCards)...)
	return append(all, runs(cards+"generate", operators.ActCards, (*visit).generateCards)...)
}

// The parameters that say which cards of the list are meant.
const (
	tickParam = "tick"
	allParam  = "all" // all that the filters leave
	allFound  = "found"
)

// chosenCards are the cards that the address means. It answers, and returns false, where none were chosen.
func (v *visit) chosenCards() (operators.OfCards, bool) {
	of := operators.OfCards{Brand: v.brand.Name, Serials: v.r.Form[tickParam]}
	if len(of.Serials) > 0 {
		return of, true
	}
	wrong := ""
	if of.Query, wrong = v.cardQuery(v.r.Form); wrong != "" {
		v.state(http.StatusBadRequest, "state.failed", wrong)
		return of, false
	}
	narrow := cardFilterOf(v.r.Form)
	of.All = len(narrow) == 0
	if v.r.Form.Get(allParam) != allFound {
		narrow.Set(allParam, allFound)
		s := ui.State{Text: v.t("cards.choose-text"), Link: &ui.Link{Href: v.path("cards") + "?" + narrow.Encode(), Text: v.t("cards.choose-all")}}
		v.show(http.StatusOK, page{Head: ui.Head{Title: v.t("cards.choose")}, Template: "lonely", Data: s})
		return of, false
	}
	return of, true
}

// cardsBack is the list that the cards were chosen in.
func (v *visit) cardsBack() string {
	return strings.TrimSuffix(v.path("cards")+"?"+cardFilterOf(v.r.Form).Encode(), "?")
}

// cardsTask is an operation on the chosen cards as a form runs it. do is the key of its words.
func (v *visit) cardsTask(do string, fields []ui.Input, operation func(operators.OfCards, *typed) operators.CardsOperation) (task, bool) {
	of, chosen := v.chosenCards()
	if !chosen {
		return task{}, false
	}
	intro := ""
	if len(fields) > 0 { // it says what it would do only once they are filled in
		var err error
		if intro, err = v.chosenSays(of); err != nil {
			v.fail(err)
			return task{}, false
		}
	}
	var seen operators.CardPlan
	return task{
		Title: v.t("cards.do." + do), Intro: intro, Back: v.cardsBack(), Fields: fields,
		Read: func(f *typed) operators.Operation {
			op := operation(of, f)
			if len(f.errors) > 0 {
				return op
			}
			saw, plan, err := v.Desk.Desk.SeeCards(v.r.Context(), op)
			if err != nil {
				return op // its Plan says the same
			}
			seen = plan
			return saw
		},
		Name: func(operators.Operation) (string, string) {
			says := v.t("cards.do-so-many."+do, "count", v.number(seen.Cards()))
			if seen.Cards() == 1 {
				says = v.t("cards.do-one." + do)
			}
			return says, says
		},
	}, true
}

// chosenSays counts the chosen cards by state, with what they are worth.
func (v *visit) chosenSays(of operators.OfCards) (string, error) {
	if len(of.Serials) > 0 {
		return v.t("cards.ticked", "count", v.number(int64(len(of.Serials)))), nil
	}
	shop, err := v.Desk.Desk.Cards(v.brand.Name)
	if err != nil {
		return "", err
	}
	found, err := shop.Balances(v.r.Context(), of.Query, cards.ByNothing)
	if says := v.wrongFilter(err); err != nil && says != "" {
		return says, nil
	}
	var parts []string
	for _, row := range found.Rows {
		for _, s := range statesOf(row) {
			if s.n > 0 {
				parts = append(parts, v.number(s.n)+" "+v.statusSays(s.word))
			}
		}
		parts = append(parts, v.t("cards.worth", "count", v.number(row.Issued), "worth", row.IssuedWorth+" "+row.Currency))
	}
	return strings.Join(parts, ", "), err
}

// stateCount is how many cards are in a state.
type stateCount struct {
	word  string // of the state, in the words
	shown string // the status that people see
	tone  ui.Tone
	n     int64
}

func statesOf(row operators.BalanceRow) []stateCount {
	return []stateCount{
		{"live", "new", ui.CardNew, row.Live}, {"reserved", "new", ui.CardNew, row.Reserved}, {"generated", "new", ui.CardNew, row.Generated},
		{"activated", "activated", ui.CardDone, row.Spent}, {"expired", "expired", ui.CardExpired, row.Expired}, {"locked", "locked", ui.CardBad, row.Locked},
		{"void", "void", ui.CardBad, row.Void},
	}
}

func (v *visit) lockCards() {
	t, ok := v.cardsTask("lock", nil, func(of operators.OfCards, _ *typed) operators.CardsOperation { return operators.LockCards{OfCards: of} })
	if ok {
		v.run(t)
	}
}

func (v *visit) unlockCards() {
	t, ok := v.cardsTask("unlock", nil, func(of operators.OfCards, _ *typed) operators.CardsOperation {
		return operators.ReopenCards{OfCards: of}
	})
	if ok {
		v.run(t)
	}
}

func (v *visit) releaseCards() {
	t, ok := v.cardsTask("release", nil, func(of operators.OfCards, _ *typed) operators.CardsOperation {
		return operators.ReleaseCards{OfCards: of}
	})
	if ok {
		v.run(t)
	}
}

func (v *visit) voidCards() {
	t, ok := v.cardsTask("void", nil, func(of operators.OfCards, _ *typed) operators.CardsOperation { return operators.VoidCards{OfCards: of} })
	if t.Danger = true; ok {
		v.run(t)
	}
}

// deleteCards deletes cards that were never spent. Whoever means it types the brand's name.
func (v *visit) deleteCards() {
	name := ui.Field{Name: "brand", Label: v.t("cards.type-brand", "brand", v.brand.Name), MaxLength: 60, Required: true}
	t, ok := v.cardsTask("delete", []ui.Input{{Field: name}}, func(of operators.OfCards, f *typed) operators.CardsOperation {
		if f.text("brand") != v.brand.Name {
			f.wrong("brand", v.t("cards.type-brand", "brand", v.brand.Name))
		}
		return operators.DeleteCards{OfCards: of, Typed: f.text("brand")}
	})
	if t.Danger = true; ok {
		v.run(t)
	}
}

// The values of a field that preserves, or sets.
const (
	preserve = ""
	setTo    = "set"
	never    = "never"
)

// editCards is the source's Mass Edit: each field preserves, or sets to.
func (v *visit) editCards() {
	resellers, ok := v.sellers()
	if !ok {
		return
	}
	kept := ui.Option{Value: preserve, Label: v.t("cards.preserve"), Chosen: true}
	fields := []ui.Input{
		{Field: ui.Field{Name: "set-expiry", Label: v.t("cards.set-expiry")}, Options: []ui.Option{kept, {Value: setTo, Label: v.t("cards.set-to")}, {Value: never, Label: v.t("card.for-ever")}}},
		{Field: ui.Field{Name: "through", Label: v.t("cards.through"), Type: "date"}},
		{Field: ui.Field{Name: "through-time", Label: v.t("cards.through-time"), Type: "time", Hint: v.t("cards.through-time-hint")}},
		{Field: ui.Field{Name: "set-reseller", Label: v.t("cards.set-reseller")}, Select: true, Options: append([]ui.Option{kept}, resellers...)},
		{Field: ui.Field{Name: "set-status", Label: v.t("cards.set-status")}, Options: []ui.Option{
			kept, {Value: string(cards.Lock), Label: v.t("cards.do.lock")}, {Value: string(cards.Unlock), Label: v.t("cards.do.unlock")},
			{Value: string(cards.Withdraw), Label: v.t("cards.do.void")},
		}},
	}
	t, ok := v.cardsTask("edit", fields, func(of operators.OfCards, f *typed) operators.CardsOperation {
		op := operators.EditCards{OfCards: of, SetReseller: f.text("set-reseller"), SetStatus: f.text("set-status")}
		switch f.text("set-expiry") {
		case never:
			op.SetExpires = never
		case setTo:
			if op.SetExpires = through(f); f.text("through") == "" {
				f.wrong("through", v.t("cards.wrong-through"))
			} else if _, err := v.brand.ParseExpiry(op.SetExpires); err != nil {
				f.wrong("through", v.t("cards.wrong-through"))
			}
		}
		if op.SetExpires == "" && op.SetReseller == "" && op.SetStatus == "" {
			f.wrong("set-expiry", v.t("cards.set-nothing"))
		}
		return op
	})
	if ok {
		v.run(t)
	}
}

// through is a day, with or without a time of it, as two fields have it.
func through(f *typed) string {
	return strings.TrimSpace(f.text("through") + " " + f.text("through-time"))
}

// sellers are the resellers to choose from, none first.
func (v *visit) sellers() ([]ui.Option, bool) {
	shop, ok := v.ofCards()
	if !ok {
		return nil, false
	}
	list, err := shop.Resellers(v.r.Context())
	if err != nil {
		v.fail(err)
		return nil, false
	}
	all := []ui.Option{{Value: cards.NoReseller, Label: v.t("cards.no-reseller")}}
	for _, r := range list {
		all = append(all, ui.Option{Value: r.Name, Label: strings.TrimSuffix(r.Name+" · "+r.Title, " · ")})
	}
	return all, true
}

// exportCards has a print file made for a stored printer.
func (v *visit) exportCards() {
	shop, ok := v.ofCards()
	if !ok {
		return
	}
	printers, err := shop.Printers(v.r.Context())
	if err != nil {
		v.fail(err)
		return
	}
	if len(printers) == 0 {
		s := ui.State{Text: v.t("printers.none-text"), Link: &ui.Link{Href: v.path("cards", "printers"), Text: v.t("printers.title")}}
		v.show(http.StatusOK, page{Head: ui.Head{Title: v.t("printers.none")}, Template: "lonely", Data: s})
		return
	}
	choice := ui.Input{Field: ui.Field{Name: "printers", Label: v.t("printers.who"), Hint: v.t("printers.who-hint")}}
	for i, p := range printers {
		choice.Options = append(choice.Options, ui.Option{Value: p.Name, Label: p.Name, Chosen: i == 0})
	}
	t, ok := v.cardsTask("export", []ui.Input{choice}, func(of operators.OfCards, f *typed) operators.CardsOperation {
		return operators.ExportCards{OfCards: of, Printers: []string{f.text("printers")}}
	})
	if ok {
		v.run(t)
	}
}

// generateCards makes new cards: the source's fields, and a name for the batch.
func (v *visit) generateCards() {
	resellers, ok := v.sellers()
	if !ok {
		return
	}
	length := v.number(int64(v.brand.Cards.CodeLength))
	fields := []ui.Input{
		{Field: ui.Field{Name: "amount", Label: v.t("cards.amount") + " (" + string(v.brand.Currency) + ")", Hint: v.t("cards.amount-hint"), InputMode: "decimal", MaxLength: 12, Required: true}},
		{Field: ui.Field{Name: "quantity", Label: v.t("cards.quantity"), InputMode: "numeric", MaxLength: 9, Required: true}},
		{Field: ui.Field{Name: "series", Label: v.t("cards.series"), Hint: v.t("cards.series-hint"), MaxLength: 20, Required: true}},
		{Field: ui.Field{Name: "code-length", Label: v.t("cards.code-length"), Hint: v.t("cards.code-length-hint"), Value: length, InputMode: "numeric", MaxLength: 2, Required: true}},
		{Field: ui.Field{Name: "set-reseller", Label: v.t("cards.reseller")}, Select: true, Options: resellers},
		{Field: ui.Field{Name: "through", Label: v.t("cards.through"), Type: "date", Hint: v.t("cards.through-hint")}},
		{Field: ui.Field{Name: "through-time", Label: v.t("cards.through-time"), Type: "time", Hint: v.t("cards.through-time-hint")}},
		{Field: ui.Field{Name: "name", Label: v.t("cards.batch-name"), MaxLength: 60}},
	}
	v.run(task{
		Title: v.t("cards.generate"), Back: v.path("cards"), Fields: fields,
		Read: func(f *typed) operators.Operation {
			b := operators.CardBatch{
				Name: f.text("name"), Amount: strings.ReplaceAll(f.text("amount"), ",", "."), Quantity: v.wholeNumber(f, "quantity"), Series: f.text("series"),
				CodeLength: v.wholeNumber(f, "code-length"), Reseller: f.text("set-reseller"), Expires: through(f),
			}
			if b.Reseller == cards.NoReseller {
				b.Reseller = ""
			}
			if _, err := prepaid.ParseMoney(b.Amount, v.brand.Currency); err != nil {
				f.wrong("amount", v.t("cards.wrong-amount"))
			}
			if b.Series == "" {
				f.wrong("series", v.t("cards.wrong-series"))
			}
			if f.text("through") == "" && f.text("through-time") != "" {
				f.wrong("through", v.t("cards.wrong-through"))
			} else if b.Expires != "" {
				if _, err := v.brand.ParseExpiry(b.Expires); err != nil {
					f.wrong("through", v.t("cards.wrong-through"))
				}
			}
			return operators.GenerateCards{Brand: v.brand.Name, Batch: b}
		},
		Name: func(op operators.Operation) (string, string) {
			says := v.t("cards.do-so-many.generate", "count", v.number(int64(op.(operators.GenerateCards).Batch.Quantity)))
			return says, says
		},
	})
}

// wholeNumber reads a field that is one, 1 or more.
func (v *visit) wholeNumber(f *typed, name string) int {
	n, err := strconv.Atoi(strings.ReplaceAll(f.text(name), ",", ""))
	if err != nil || n < 1 {
		f.wrong(name, v.t("cards.wrong-number"))
	}
	return n
}

// cardActs are what the bar below the list offers, in its order.
var cardActs = []struct {
	do  string
	act operators.Act
}{
	{"lock", operators.ActLockCards}, {"void", operators.ActCardsOver}, {"edit", operators.ActCards}, {"unlock", operators.ActCards},
	{"release", operators.ActCardsOver}, {"export", operators.ActCardsOver}, {"delete", operators.ActCardsOver},
}

// cardSelection is the bar below the list: what is done to the cards that are ticked, or to all that the filters leave.
type cardSelection struct {
	Hidden [][2]string // the filters
	Ticks  bool        // cards are ticked one by one; else all found are chosen
	Of     string      // what follows how many are chosen
	All    *ui.Link    // chooses all that were found; or, where they are chosen, none
	Does   []ui.Link
}

// cardSelection offers what the person may do. Without anything: the zero value.
func (v *visit) cardSelection(found int64) cardSelection {
	s := cardSelection{Ticks: v.r.URL.Query().Get(allParam) != allFound}
	for _, a := range cardActs {
		if hasRoute("GET", "/{brand}/cards/"+a.do) && v.may(a.act) != operators.Not {
			s.Does = append(s.Does, ui.Link{Href: v.path("cards", a.do), Text: v.t("cards.bar." + a.do)})
		}
	}
	filters := cardFilterOf(v.r.URL.Query())
	if !s.Ticks {
		filters.Set(allParam, allFound)
	}
	for _, name := range slices.Sorted(maps.Keys(filters)) {
		s.Hidden = append(s.Hidden, [2]string{name, filters.Get(name)})
	}
	all := v.t("cards.all-found")
	if found > 0 {
		all = v.number(found)
	}
	if s.Ticks {
		s.Of = v.t("cards.chosen-of", "all", all)
		s.All = &ui.Link{Href: v.cardsAt(allParam, allFound), Text: v.t("cards.choose-all-found")}
		if found > 0 {
			s.All.Text = v.t("cards.choose-found", "count", v.number(found))
		}
		return s
	}
	s.Of = v.t("cards.all-chosen")
	if found > 0 {
		s.Of = v.t("cards.found-chosen", "count", v.number(found))
	}
	s.All = &ui.Link{Href: v.cardsAt(), Text: v.t("cards.choose-none")}
	return s
}

// maxCounted is up to how many serials a range is counted for the list: more would make the list wait.
const maxCounted = 20_000

// countFound is how many cards the filters leave, of a range that is short enough to count; 0 of others.
func (v *visit) countFound(shop operators.Cards, query operators.CardQuery) (int64, error) {
	series, first, known := cards.SplitSerial(query.FromSerial)
	other, last, also := cards.SplitSerial(query.ToSerial)
	if !known || !also || series != other || last-first >= maxCounted || last < first {
		return 0, nil
	}
	found, err := shop.Balances(v.r.Context(), query, cards.ByNothing)
	var n int64
	for _, row := range found.Rows {
		n += row.Issued
	}
	return n, err
}
