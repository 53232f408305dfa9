package desk

import (
	"errors"
	"net/http"
	"strings"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// mePath is the page about whoever is signed in.
const mePath = "/-/me"

func meRoutes() []route {
	return []route{
		get(mePath, "", (*visit).me),
		post(mePath, "", (*visit).me),
		post(mePath+"/password", "", (*visit).changePassword),
		get(mePath+"/factor", "", (*visit).changeFactor),
		post(mePath+"/factor", "", (*visit).changeFactor),
		post(mePath+"/sessions", "", (*visit).endSessions),
	}
}

// mine is the template's data.
type mine struct {
	Email, Roles  string
	Saved         string
	Errors        []ui.FieldError
	Languages     ui.Input
	Zone          ui.Field
	Compact, Keys bool
	Password      bool // they sign in with one
	Old, New      ui.Field
	Factor        string // how their one-time password stands
	Sessions      ui.Table
	Others        bool // there are sessions elsewhere
}

// The words of a banner that an address may ask for.
var saved = map[string]string{"settings": "me.saved", "password": "me.password-saved", "factor": "me.factor-saved", "sessions": "me.sessions-ended"}

// me shows how a person likes the desk and how they sign in, and changes the former.
func (v *visit) me() {
	if v.Door == nil {
		v.notHere()
		return
	}
	m := v.mine()
	if v.r.Method == http.MethodPost {
		form := v.r.PostForm
		t := operators.Tastes{Language: form.Get("language"), TimeZone: strings.TrimSpace(form.Get("time-zone")), Compact: form.Has("compact"), KeysOff: !form.Has("keys")}
		err := v.Door.Check.ChangeTastes(v.r.Context(), v.actor, t)
		var field *operators.FieldError
		switch {
		case err == nil:
			v.redirect(mePath + "?saved=settings")
			return
		case !errors.As(err, &field):
			v.fail(err)
			return
		}
		text := v.tOr(fieldWords+field.Field, field.Error())
		m.Errors = []ui.FieldError{{Field: field.Field, Text: text}}
		m.Zone.Value, m.Compact, m.Keys = t.TimeZone, t.Compact, !t.KeysOff
		if field.Field == m.Zone.Name {
			m.Zone.Error = text
		}
	}
	v.showMe(m)
}

func (v *visit) showMe(m mine) {
	status := http.StatusOK
	if len(m.Errors) > 0 {
		status = http.StatusUnprocessableEntity
	}
	sessions, err := v.Door.Sessions.SessionsOf(v.r.Context(), v.actor.Person, v.Clock.Now())
	if err != nil {
		v.fail(err)
		return
	}
	here := v.Door.here(v.r)
	m.Sessions = ui.Table{Caption: v.t("me.sessions"), Columns: []ui.Column{{Name: v.t("me.browser")}, {Name: v.t("me.from")}, {Name: v.t("me.since")}, {Name: v.t("me.seen")}}}
	for _, s := range sessions {
		name := browserName(s.Agent)
		if s.Hash == here {
			name += " · " + v.t("me.here")
		}
		m.Others = m.Others || s.Hash != here
		m.Sessions.Rows = append(m.Sessions.Rows, ui.Row{Cells: []ui.Cell{{Text: name}, {Text: s.From, Mono: true}, {Time: v.at(s.StartedAt)}, {Time: v.at(s.SeenAt)}}})
	}
	p := page{Head: ui.Head{Title: v.actor.Name, Sentence: m.Email + " · " + m.Roles}, Template: "me", Data: m}
	if words := saved[v.r.URL.Query().Get("saved")]; words != "" && v.r.Method == http.MethodGet {
		p.Banner = ui.Banner{Tone: ui.Good, Text: v.t(words)}
	}
	v.show(status, p)
}

func (v *visit) mine() mine {
	p := guestOf(v.r).person
	m := mine{
		Email: p.Email, Roles: p.RoleText(), Compact: p.Compact, Keys: !p.KeysOff, Password: !p.Password.Empty(),
		Languages: ui.Input{Field: ui.Field{Name: "language", Label: v.t("me.language")}},
		Zone:      ui.Field{Name: "time-zone", Label: v.t("me.zone"), Hint: v.t("me.zone-hint"), Value: p.TimeZone, MaxLength: 60, Required: true},
		Old:       ui.Field{Name: "old-password", Label: v.t("me.old-password"), Type: "password", Autocomplete: "current-password", MaxLength: 200, Required: true},
		New: ui.Field{Name: fieldPassword, Label: v.t("sign-in.new-password"), Hint: v.t("sign-in.new-password-hint"), Type: "password",
			Autocomplete: "new-password", MaxLength: 200, Required: true},
		Factor: v.t("me.no-factor"),
	}
	if len(p.Factor) > 0 {
		m.Factor = v.t("me.has-factor")
	}
	for _, language := range operators.DeskLanguages() {
		m.Languages.Options = append(m.Languages.Options, ui.Option{Value: language, Label: v.t("language." + language), Chosen: language == p.Language})
	}
	return m
}

// changePassword gives a person another password. They stay signed in here alone.
func (v *visit) changePassword() {
	if v.Door == nil {
		v.notHere()
		return
	}
	err := v.Door.Check.ChangePassword(v.r.Context(), v.actor, prepaid.NewSecret(v.r.PostForm.Get("old-password")), prepaid.NewSecret(v.r.PostForm.Get(fieldPassword)))
	if err == nil {
		err = v.Door.stay(v.r)
	}
	if err == nil {
		v.redirect(mePath + "?saved=password")
		return
	}
	m := v.mine()
	_, text := v.refusal(err)
	var field *operators.FieldError
	switch {
	case errors.Is(err, operators.ErrWrongSignIn):
		m.Old.Error = v.t("me.wrong-password")
		text = m.Old.Error
	case errors.As(err, &field):
		m.New.Error = text
	}
	m.Errors = []ui.FieldError{{Text: text}}
	v.showMe(m)
}

// changeFactor gives a person another one-time password. They stay signed in here alone.
func (v *visit) changeFactor() {
	if v.Door == nil || guestOf(v.r).person.Password.Empty() {
		v.notHere()
		return
	}
	sends := v.r.Method == http.MethodPost
	factor, err := v.Door.Check.NewFactor(v.actor, v.r.PostForm.Get(fieldFactor))
	if errors.Is(err, operators.ErrFactorLost) {
		factor, err = v.Door.Check.NewFactor(v.actor, "")
	}
	if err != nil {
		v.fail(err)
		return
	}
	f := setUpForm{Action: v.r.URL.Path, Button: v.t("me.save-factor")}
	v.addFactor(&f, factor)
	has := len(guestOf(v.r).person.Factor) > 0
	if has && !v.actor.Fresh(v.Clock.Now()) {
		f.Old = &ui.Field{Name: "old-code", Label: v.t("me.old-code"), Autocomplete: "off", InputMode: "numeric", MaxLength: 10, Required: true}
	}
	if !sends {
		v.showFactor(http.StatusOK, f)
		return
	}
	if old := strings.TrimSpace(v.r.PostForm.Get("old-code")); f.Old != nil && old != "" {
		if v.actor, err = v.SignIn.Again(v.r, prepaid.NewSecret(old)); err == nil {
			f.Old = nil
		} else {
			v.actor = guestOf(v.r).actor
		}
	}
	if err == nil {
		err = v.Door.Check.ChangeFactor(v.r.Context(), v.actor, v.r.PostForm.Get(fieldFactor), prepaid.NewSecret(v.r.PostForm.Get(fieldCode)))
	}
	if err == nil {
		err = v.Door.stay(v.r)
	}
	if err == nil {
		v.redirect(mePath + "?saved=factor")
		return
	}
	status, text := http.StatusUnprocessableEntity, v.t("me.old-code")
	if !errors.Is(err, operators.ErrNotFresh) {
		status, text = v.refusal(err)
	}
	f.Errors = []ui.FieldError{{Text: text}}
	v.showFactor(status, f)
}

func (v *visit) showFactor(status int, f setUpForm) {
	v.show(status, page{Head: ui.Head{Title: v.t("me.new-factor")}, Template: "change-factor", Data: f})
}

// endSessions signs a person out everywhere else.
func (v *visit) endSessions() {
	if v.Door == nil {
		v.notHere()
		return
	}
	if err := v.Door.Check.EndSessions(v.r.Context(), v.actor, v.Door.Sessions, v.Door.here(v.r)); err != nil {
		v.fail(err)
		return
	}
	v.redirect(mePath + "?saved=sessions")
}

// browserName is what people call a browser.
func browserName(agent string) string {
	name := "?"
	for _, known := range []string{"Edg", "OPR", "Firefox", "Chrome", "Safari", "curl"} { // each calls itself what follows, too
		if strings.Contains(agent, known+"/") {
			name = map[string]string{"Edg": "Edge", "OPR": "Opera"}[known]
			if name == "" {
				name = known
			}
			break
		}
	}
	for _, system := range []string{"Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux"} {
		if strings.Contains(agent, system) {
			return name + ", " + system
		}
	}
	return name
}
