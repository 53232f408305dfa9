package desk

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

const peoplePath = "/-/people"

func peopleRoutes() []route {
	return slices.Concat(
		[]route{
			get(peoplePath, operators.ActPeople, (*visit).people),
			get(peoplePath+"/{person}", operators.ActPeople, (*visit).personPage),
		},
		runs(peoplePath+"/new", operators.ActPeople, (*visit).addPerson),
		runs(peoplePath+"/{person}/roles", operators.ActPeople, (*visit).setRoles),
		runs(peoplePath+"/{person}/goodwill", operators.ActPeople, (*visit).setGoodwill),
		runs(peoplePath+"/{person}/reset", operators.ActPeople, (*visit).resetSignIn),
		runs(peoplePath+"/{person}/leave", operators.ActPeople, (*visit).endPerson),
		runs(peoplePath+"/{person}/link", operators.ActPeople, (*visit).linkFor),
	)
}

// peoplePage is the template's data.
type peoplePage struct {
	People ui.Table
	Rights rightsTable
}

// rightsTable is the table of who may do what.
type rightsTable struct {
	Roles []string
	Rows  []rightsRow
}

type rightsRow struct {
	Says   string
	Rights []string
}

// tableOfRights is the table of rights in a person's language.
func (v *visit) tableOfRights() rightsTable {
	var t rightsTable
	for _, role := range operators.Roles() {
		t.Roles = append(t.Roles, v.tOr("role."+string(role), string(role)))
	}
	for _, row := range operators.TableOfRights() {
		r := rightsRow{Says: v.tOr("act."+strings.ReplaceAll(strings.ReplaceAll(string(row.Act), " ", "-"), "'", ""), row.Says)}
		for _, role := range operators.Roles() {
			says := row.Rights[role].String()
			if says != "" && row.Rights[role] != operators.May {
				says = v.tOr("right."+says, says)
			}
			r.Rights = append(r.Rights, says)
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}

// stateOf is where somebody stands, as a status.
func (v *visit) stateOf(row operators.PersonRow) ui.Status {
	tone := map[string]ui.Tone{"active": ui.Good, "invited": ui.Wait}[row.State]
	if tone == "" {
		tone = ui.Idle
	}
	return ui.Status{Tone: tone, Word: v.tOr("person-state."+row.State, row.State)}
}

// people lists everybody, and shows the table of rights.
func (v *visit) people() {
	rows, err := v.Desk.Desk.People.Rows(v.r.Context())
	if err != nil {
		v.fail(err)
		return
	}
	t := ui.Table{Caption: v.t("place.people"), Empty: ui.State{Title: v.t("people.none")}, Columns: []ui.Column{
		{Name: v.t("people.name")}, {Name: v.t("people.state")}, {Name: v.t("people.roles")}, {Name: v.t("people.email"), Wide: true}, {Name: v.t("people.sign-in"), Wide: true},
	}}
	for _, row := range rows {
		t.Rows = append(t.Rows, ui.Row{Href: peoplePath + "/" + row.ID, Cells: []ui.Cell{
			{Text: row.Name}, {Status: v.stateOf(row)}, {Text: row.Roles}, {Text: row.Email}, {Text: row.SignIn},
		}})
	}
	v.show(http.StatusOK, page{
		Head:     ui.Head{Title: v.t("place.people"), Sentence: v.t("people.sentence"), Action: &ui.Link{Href: peoplePath + "/new", Text: v.t("people.add")}},
		Template: "people", Data: peoplePage{t, v.tableOfRights()},
	})
}

// whom finds the person of the address, or answers that there is none.
func (v *visit) whom() (operators.Person, bool) {
	p, err := v.Desk.Desk.People.Store.Person(v.r.Context(), operators.PersonID(v.r.PathValue("person")))
	if errors.Is(err, operators.ErrNoPerson) {
		v.notHere()
		return p, false
	}
	if err != nil {
		v.fail(err)
	}
	return p, err == nil
}

// personFacts is the template's data.
type personFacts struct {
	Facts [][2]string
}

// personPage shows somebody.
func (v *visit) personPage() {
	p, ok := v.whom()
	if !ok {
		return
	}
	row, at := p.Row(), peoplePath+"/"+string(p.ID)
	head := ui.Head{Title: p.Name, Status: v.stateOf(row), Sentence: p.Email}
	if p.State == operators.PersonActive {
		head.More = []ui.Link{{Href: at + "/roles", Text: v.t("people.set-roles")}, {Href: at + "/goodwill", Text: v.t("people.set-goodwill")}}
		if p.CanSignIn() {
			head.More = append(head.More, ui.Link{Href: at + "/reset", Text: v.t("people.reset")})
		} else {
			head.Action = &ui.Link{Href: at + "/link", Text: v.t("people.link")}
		}
		head.More = append(head.More, ui.Link{Href: at + "/leave", Text: v.t("people.leave")})
	}
	v.show(http.StatusOK, page{Head: head, Template: "person", Data: personFacts{[][2]string{
		{v.t("people.roles"), row.Roles}, {v.t("people.goodwill"), row.Goodwill}, {v.t("people.sign-in"), row.SignIn},
		{v.t("me.language"), v.tOr("language."+p.Language, p.Language)}, {v.t("me.zone"), p.TimeZone}, {v.t("people.since"), v.at(p.CreatedAt).Full},
	}}})
}

// The fields of roles: one for all brands, and one for each brand.
const fieldRoles = "roles-"

// roleFields ask for the roles in all brands, and in each.
func (v *visit) roleFields(now map[string][]operators.Role) []ui.Input {
	var names []string
	for _, role := range operators.Roles() {
		names = append(names, string(role))
	}
	field := func(brand, label string) ui.Input {
		var given []string
		for _, role := range now[brand] {
			given = append(given, string(role))
		}
		return ui.Input{Field: ui.Field{Name: fieldRoles + brand, Label: label, Value: strings.Join(given, ", "), MaxLength: 100}}
	}
	all := field(operators.AllBrands, v.t("people.roles-all"))
	all.Hint = v.t("people.roles-hint", "roles", strings.Join(names, ", "))
	inputs := []ui.Input{all}
	for _, b := range v.Brands.AllKnown() {
		inputs = append(inputs, field(b.Name, v.t("people.roles-in", "brand", b.Title)))
	}
	return inputs
}

// readRoles reads what roleFields have asked for.
func (v *visit) readRoles(f *typed) map[string][]operators.Role {
	roles := map[string][]operators.Role{}
	for _, input := range f.fields {
		brand, ok := strings.CutPrefix(input.Name, fieldRoles)
		if !ok {
			continue
		}
		given := operators.RolesIn([]string{f.text(input.Name)}, nil)[operators.AllBrands]
		for _, role := range given {
			if !slices.Contains(operators.Roles(), role) {
				f.wrong(input.Name, v.t("people.no-role", "role", string(role)))
			}
		}
		if len(given) > 0 {
			roles[brand] = given
		}
	}
	return roles
}

func (v *visit) addPerson() {
	v.run(task{
		Title: v.t("people.add"), Back: peoplePath,
		Fields: append([]ui.Input{
			{Field: ui.Field{Name: "name", Label: v.t("people.name"), MaxLength: 100, Required: true}},
			{Field: ui.Field{Name: "email", Label: v.t("people.email"), Type: "email", MaxLength: 254, Required: true}},
			{Field: ui.Field{Name: "time-zone", Label: v.t("me.zone"), Hint: v.t("me.zone-hint"), Value: v.zone().String(), MaxLength: 60}},
		}, v.roleFields(nil)...),
		Read: func(f *typed) operators.Operation {
			op := operators.AddPerson{
				Person: personOf(f), Email: f.text("email"), Name: f.text("name"), Language: v.language, TimeZone: f.text("time-zone"), Roles: v.readRoles(f),
			}
			if op.Name == "" {
				f.wrong("name", v.t("people.wrong-name"))
			}
			if _, err := operators.ReadEmail(op.Email); err != nil {
				f.wrong("email", v.t("people.wrong-email"))
			}
			if len(op.Roles) == 0 {
				f.wrong(fieldRoles+operators.AllBrands, v.t("people.wrong-role"))
			}
			return op
		},
	})
}

// personOf is the id that somebody new gets: it follows from the form's key, so that a form that is sent again adds nobody else.
func personOf(f *typed) operators.PersonID {
	if key := f.values.Get(fieldKey); len(key) >= 20 {
		return operators.PersonID(key[:20])
	}
	return prepaid.NewID[operators.PersonID]()
}

func (v *visit) setRoles() {
	p, ok := v.whom()
	if !ok {
		return
	}
	v.run(task{
		Title: v.t("people.set-roles-of", "name", p.Name), Button: v.t("people.set-roles"), Back: peoplePath + "/" + string(p.ID), Fields: v.roleFields(p.Roles),
		Read: func(f *typed) operators.Operation { return operators.SetRoles{Person: p.ID, Roles: v.readRoles(f)} },
	})
}

func (v *visit) setGoodwill() {
	p, ok := v.whom()
	if !ok {
		return
	}
	var currencies []prepaid.Currency
	for _, b := range v.Brands.AllKnown() {
		if !slices.Contains(currencies, b.Currency) {
			currencies = append(currencies, b.Currency)
		}
	}
	var fields []ui.Input
	for _, c := range currencies {
		value := ""
		if limit := p.Goodwill[c]; limit > 0 {
			value = prepaid.Money{Minor: limit, Currency: c}.Number()
		}
		fields = append(fields, ui.Input{Field: ui.Field{Name: "limit-" + string(c), Label: v.t("people.limit", "currency", string(c)), Value: value, InputMode: "decimal", MaxLength: 12}})
	}
	v.run(task{
		Title: v.t("people.set-goodwill-of", "name", p.Name), Button: v.t("people.set-goodwill"), Back: peoplePath + "/" + string(p.ID), Fields: fields,
		Read: func(f *typed) operators.Operation {
			limits := map[prepaid.Currency]int64{}
			for _, c := range currencies {
				text := f.text("limit-" + string(c))
				if text == "" {
					continue
				}
				m, err := prepaid.ParseMoney(text, c)
				if err != nil {
					f.wrong("limit-"+string(c), v.t("people.wrong-goodwill"))
				}
				limits[c] = m.Minor
			}
			return operators.SetGoodwill{Person: p.ID, Limits: limits}
		},
	})
}

func (v *visit) resetSignIn() {
	v.simple("people.reset", func(id operators.PersonID) operators.Operation { return operators.ResetSignIn{Person: id} })
}

func (v *visit) endPerson() {
	v.simple("people.leave", func(id operators.PersonID) operators.Operation { return operators.EndPerson{Person: id} })
}

// simple runs an operation on somebody that asks for a reason alone.
func (v *visit) simple(words string, op func(operators.PersonID) operators.Operation) {
	p, ok := v.whom()
	if !ok {
		return
	}
	v.run(task{
		Title: v.t(words) + ": " + p.Name, Button: v.t(words), Back: peoplePath + "/" + string(p.ID), Danger: true,
		Read: func(*typed) operators.Operation { return op(p.ID) },
	})
}

// linkPage is the template's data.
type linkPage struct {
	Errors []ui.FieldError
	Action string
	Code   *ui.Field
	Email  string
	Link   string // once
	Back   string
}

// linkFor hands out, once, the link by which somebody sets how they sign in.
func (v *visit) linkFor() {
	p, ok := v.whom()
	if !ok {
		return
	}
	l := linkPage{Action: v.r.URL.Path, Email: p.Email, Back: peoplePath + "/" + string(p.ID)}
	status := http.StatusOK
	wrong := func(text string) {
		status, l.Errors = http.StatusUnprocessableEntity, []ui.FieldError{{Text: text}}
	}
	if v.r.Method == http.MethodPost {
		if code := strings.TrimSpace(v.r.PostForm.Get(fieldCode)); code != "" {
			actor, err := v.SignIn.Again(v.r, prepaid.NewSecret(code))
			if err == nil {
				v.actor = actor
			} else {
				_, text := v.refusal(err)
				wrong(text)
			}
		}
		if len(l.Errors) == 0 {
			invitation, err := v.Desk.Desk.LinkFor(v.r.Context(), v.actor, p.ID)
			switch {
			case err == nil:
				l.Link = invitation.Link
			case errors.Is(err, operators.ErrNotFresh):
				if v.askIssuer() {
					return
				}
				wrong(v.t("do.code-hint"))
			case errors.Is(err, operators.ErrCanSignIn):
				wrong(v.t("people.can-sign-in"))
			case errors.Is(err, operators.ErrPersonLeft):
				wrong(v.t("people.has-left"))
			default:
				v.fail(err)
				return
			}
		}
	}
	if l.Link == "" && !v.actor.Fresh(v.Clock.Now()) && (v.Door == nil || guestOf(v.r).way != operators.ByOIDC) {
		l.Code = &ui.Field{Name: fieldCode, Label: v.t("do.code"), Hint: v.t("do.code-hint"), Autocomplete: "one-time-code", InputMode: "numeric", MaxLength: 10, Required: true}
	}
	v.show(status, page{Head: ui.Head{Title: v.t("people.link"), Sentence: v.t("people.link-sentence", "email", p.Email)}, Template: "link-for", Data: l})
}
