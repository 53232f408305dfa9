package desk

import (
	"errors"
	"html/template"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rsc.io/qr"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/guard"
	"pulsa/web/ui"
)

// Where people sign in.
const (
	signInPath   = "/-/sign-in"
	issuerPath   = "/-/sign-in/issuer"
	callbackPath = "/-/sign-in/callback"
)

func signInRoutes() []route {
	return []route{
		openTo(get(signInPath, "", (*visit).signInPage)),
		openTo(post(signInPath, "", (*visit).signInPage)),
		openTo(post(issuerPath, "", (*visit).toIssuer)),
		openTo(get(callbackPath, "", (*visit).fromIssuer)),
		openTo(get("/-/invite/{token}", "", (*visit).invited)),
		openTo(post("/-/invite/{token}", "", (*visit).invited)),
		openTo(get("/-/demo/{token}", "", (*visit).demo)),
		openTo(post("/-/demo/{token}", "", (*visit).demo)),
		post(signOutPath, "", (*visit).signOut),
	}
}

// openTo lets anybody in: who is not signed in, too.
func openTo(r route) route {
	r.anybody = true
	return r
}

// The fields of the form that signs in. What else a form has sent that met an ended session is carried beside them.
const (
	signInMark     = "sign-in" // the method of the request that met nobody: "GET", "POST"
	signInEmail    = "sign-in-email"
	signInPassword = "sign-in-password"
	signInCode     = "sign-in-code"
	fieldTo        = "to"
	carriedMark    = "carried-" // before the name of a field that is carried elsewhere
)

// secretFields are parts of the names of fields that are never carried: they are typed again.
var secretFields = []string{"password", "code", "pin", "secret", "token"}

// searchField is the search box. What is pasted into it may be secret, too.
const searchField = "q"

// carried are the fields that a form carries on past signing in.
func carried(sent url.Values) url.Values {
	kept := url.Values{}
	for name, values := range sent {
		secret := slices.ContainsFunc(secretFields, func(part string) bool { return strings.Contains(strings.ToLower(name), part) })
		if !secret && name != searchField && name != signInMark && name != signInEmail && !strings.HasPrefix(name, carriedMark) {
			kept[name] = values
		}
	}
	return kept
}

// pairs lists fields for a form, in an order that is always the same.
func pairs(fields url.Values, prefix string) [][2]string {
	var all [][2]string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		for _, value := range fields[name] {
			all = append(all, [2]string{prefix + name, value})
		}
	}
	return all
}

// signInForm is the template's data.
type signInForm struct {
	Ended   bool // a session has ended: what was typed is kept
	Errors  []ui.FieldError
	Action  string
	Mark    string
	Hidden  [][2]string
	Email   ui.Field
	Pass    ui.Field
	Code    ui.Field
	Issuer  string // its host; "" for none
	To      string // where its form leads back to
	Carried [][2]string
}

// enter has somebody sign in who is not signed in: in place, so that what they wanted goes on. It reports whether the request goes on.
func (v *visit) enter() bool {
	if v.Door == nil {
		http.Error(v.w, "sign in first", http.StatusUnauthorized)
		return false
	}
	sent := url.Values{}
	if v.r.Method == http.MethodPost {
		if !v.parse() {
			return false
		}
		sent = v.r.PostForm
	}
	mark := sent.Get(signInMark)
	if mark == "" {
		v.showSignIn(http.StatusUnauthorized, v.r.Method, "", carried(sent), nil)
		return false
	}
	if !v.password(mark, carried(sent)) {
		return false
	}
	if mark != http.MethodPost {
		v.redirect(v.r.URL.RequestURI())
		return false
	}
	v.r.PostForm = carried(sent)
	v.r.Form = carried(sent)
	for name, values := range v.r.URL.Query() {
		v.r.Form[name] = append(v.r.Form[name], values...)
	}
	return true
}

// password signs in who has typed password and code, or answers with the form.
func (v *visit) password(mark string, fields url.Values) bool {
	form := v.r.PostForm
	email := form.Get(signInEmail)
	p, freshAt, err := v.Door.Check.Password(v.r.Context(), operators.Typed{
		Email: email, Password: prepaid.NewSecret(form.Get(signInPassword)), Code: prepaid.NewSecret(form.Get(signInCode)),
		From: guard.Client(v.r).String(),
	})
	if err == nil {
		err = v.begin(p, operators.ByPassword, freshAt)
	}
	if err != nil {
		status, text := v.refusal(err)
		v.showSignIn(status, mark, email, fields, []ui.FieldError{{Text: text}})
		return false
	}
	return true
}

// begin begins a session of somebody who has just shown who they are. freshAt is when they gave a second factor; zero: they did not.
func (v *visit) begin(p operators.Person, way string, freshAt time.Time) error {
	err := v.Door.enter(v.r, p, way, freshAt)
	v.actor, _ = v.SignIn.Actor(v.r)
	v.speak()
	return err
}

// weakWords are the keys of words about a weak password.
var weakWords = map[operators.Weakness]string{
	operators.TooShort: "people.wrong-password-short", operators.TooLong: "people.wrong-password-long",
	operators.TooAlike: "people.wrong-password-alike", operators.TooCommon: "people.wrong-password-common",
}

// fieldWords begin the keys of words about other fields.
const fieldWords = "people.wrong-"

// refusal is why somebody is not let in: the same words whatever was wrong.
func (v *visit) refusal(err error) (status int, text string) {
	var locked *operators.LockedError
	var field *operators.FieldError
	var weak operators.Weakness
	switch {
	case errors.As(err, &locked):
		return http.StatusTooManyRequests, v.t("sign-in.locked", "until", locked.Until.In(v.zone()).Format("15:04 MST"))
	case errors.Is(err, operators.ErrWrongSignIn):
		return http.StatusUnauthorized, v.t("sign-in.wrong")
	case errors.Is(err, operators.ErrWrongCode):
		return http.StatusUnprocessableEntity, v.t("sign-in.code-wrong")
	case errors.Is(err, operators.ErrFactorLost):
		return http.StatusUnprocessableEntity, v.t("sign-in.factor-lost")
	case errors.Is(err, operators.ErrNoRoles):
		return http.StatusForbidden, v.t("sign-in.no-roles")
	case errors.Is(err, operators.ErrAddressTaken):
		return http.StatusForbidden, v.t("sign-in.address-taken")
	case errors.Is(err, errTrip), errors.Is(err, errNotAnew):
		return http.StatusBadRequest, v.t("sign-in.trip")
	case errors.Is(err, prepaid.ErrBusy):
		return http.StatusServiceUnavailable, v.t("sign-in.busy")
	case errors.As(err, &weak):
		return http.StatusUnprocessableEntity, v.tOr(weakWords[weak], weak.Error())
	case errors.As(err, &field):
		return http.StatusUnprocessableEntity, v.tOr(fieldWords+field.Field, field.Error())
	}
	v.Log.ErrorContext(v.r.Context(), "desk: nobody can sign in", "error", err)
	return http.StatusInternalServerError, v.t("state.failed-text")
}

func (v *visit) showSignIn(status int, mark, email string, fields url.Values, wrong []ui.FieldError) {
	f := signInForm{
		Ended: len(fields) > 0, Errors: wrong, Action: v.r.URL.RequestURI(), Mark: mark, Hidden: pairs(fields, ""),
		Email: ui.Field{Name: signInEmail, Label: v.t("sign-in.email"), Type: "email", Autocomplete: "username", Value: email, MaxLength: 254, Required: true},
		Pass:  ui.Field{Name: signInPassword, Label: v.t("sign-in.password"), Type: "password", Autocomplete: "current-password", MaxLength: 200, Required: true},
		Code: ui.Field{Name: signInCode, Label: v.t("sign-in.code"), Hint: v.t("sign-in.code-hint"), Autocomplete: "one-time-code",
			InputMode: "numeric", MaxLength: 10},
	}
	if v.Door.OIDC.Issuer != "" {
		f.Issuer, f.To, f.Carried = v.Door.OIDC.host(), v.r.URL.RequestURI(), pairs(fields, carriedMark)
	}
	v.showBare(status, page{Head: ui.Head{Title: v.t("sign-in.title"), Sentence: v.t("sign-in.sentence")}, Template: "sign-in", Data: f})
}

// signInPage is the address to sign in at, for who was nowhere else.
func (v *visit) signInPage() {
	to := localPath(v.r.URL.Query().Get(fieldTo))
	switch {
	case v.Door == nil:
		v.notHere()
	case v.actor.Person != "":
		v.redirect(to)
	case v.r.Method == http.MethodGet:
		v.showSignIn(http.StatusOK, http.MethodGet, "", nil, nil)
	case v.password(http.MethodGet, nil):
		v.redirect(to)
	}
}

// localPath is an address of our own pages; "/" where the one given is none.
func localPath(to string) string {
	u, err := url.Parse(to)
	if err != nil || u.Host != "" || u.Scheme != "" || u.Opaque != "" || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") ||
		strings.ContainsAny(to, "\\\r\n") || strings.HasPrefix(to, signInPath) {
		return "/"
	}
	return to
}

// toIssuer sends a person to the issuer of OpenID Connect. The answer is a page that leads there: a form may not be sent elsewhere.
func (v *visit) toIssuer() {
	if v.Door == nil || v.Door.OIDC.Issuer == "" {
		v.notHere()
		return
	}
	fields := url.Values{}
	for name, values := range v.r.PostForm {
		if own, ok := strings.CutPrefix(name, carriedMark); ok {
			fields[own] = values
		}
	}
	var confirms operators.PersonID
	if v.actor.Person != "" {
		confirms = v.actor.Person
	}
	to, err := v.Door.depart(v.w, v.r, localPath(v.r.PostForm.Get(fieldTo)), carried(fields), confirms)
	if err != nil {
		v.Log.ErrorContext(v.r.Context(), "desk: issuer of OpenID Connect not reached", "error", err)
		v.state(http.StatusBadGateway, "sign-in.issuer-down", v.t("sign-in.issuer-down-text"))
		return
	}
	v.w.Header().Set("Refresh", "0; url="+to)
	v.showBare(http.StatusOK, page{Head: ui.Head{Title: v.t("sign-in.title")}, Template: "to-issuer",
		Data: ui.Link{Href: to, Text: v.t("sign-in.go-to", "issuer", v.Door.OIDC.host())}})
}

// goOn is a form that is sent once more, by its person, after they have signed in elsewhere.
type goOn struct {
	Action string
	Hidden [][2]string
}

// fromIssuer takes back who was sent to the issuer.
func (v *visit) fromIssuer() {
	if v.Door == nil || v.Door.OIDC.Issuer == "" {
		v.notHere()
		return
	}
	t, err := v.Door.arrive(v.w, v.r)
	if err != nil {
		v.Log.WarnContext(v.r.Context(), "desk: nobody let in by OpenID Connect", "error", err)
		status, text := v.refusal(err)
		if status == http.StatusInternalServerError {
			status, text = http.StatusBadGateway, v.t("sign-in.issuer-down-text")
		}
		v.state(status, "sign-in.not-in", text)
		return
	}
	v.actor, _ = v.SignIn.Actor(v.r)
	v.speak()
	if len(t.Fields) > 0 {
		v.showBare(http.StatusOK, page{Head: ui.Head{Title: v.t("sign-in.go-on"), Sentence: v.t("sign-in.go-on-text")}, Template: "go-on",
			Data: goOn{Action: t.To, Hidden: pairs(t.Fields, "")}})
		return
	}
	v.redirect(t.To)
}

// askIssuer asks a person who signs in elsewhere to do so anew, before something that moves money, codes or people. It reports false for
// who has a code to give.
func (v *visit) askIssuer() bool {
	if v.Door == nil || guestOf(v.r).way != operators.ByOIDC {
		return false
	}
	v.showBare(http.StatusUnauthorized, page{Head: ui.Head{Title: v.t("sign-in.again"), Sentence: v.t("sign-in.again-text", "issuer", v.Door.OIDC.host())},
		Template: "ask-issuer", Data: goOn{Action: v.r.URL.RequestURI(), Hidden: pairs(carried(v.r.PostForm), carriedMark)}})
	return true
}

// signOut ends the session of this browser.
func (v *visit) signOut() {
	if v.Door == nil {
		v.notHere()
		return
	}
	if err := v.Door.leave(v.r); err != nil {
		v.fail(err)
		return
	}
	v.redirect(signInPath)
}

// private keeps the address of a page with a secret in its path from whatever the page leads to. The rest of Referrer-Policy's values
// would send it to our own files, or make the Origin of our own forms null.
func (v *visit) private() { v.w = privateAnswer{v.w} }

type privateAnswer struct{ http.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (p privateAnswer) WriteHeader(status int) {
	p.Header().Set("Referrer-Policy", "strict-origin")
	p.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController reach the connection.
func (p privateAnswer) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// The fields of the form that sets how somebody signs in.
const (
	fieldPassword = "password"
	fieldFactor   = "factor" // the new secret, sealed
)

// setUpForm is the template's data.
type setUpForm struct {
	Action   string
	Errors   []ui.FieldError
	Email    string
	Old      *ui.Field // of /-/me
	Password ui.Field
	Code     ui.Field
	QR       template.HTML
	Secret   string // for who can't read the QR code, in groups of four
	Sealed   string
	Button   string
	Optional bool
}

// invited sets how somebody signs in who has a link.
func (v *visit) invited() {
	v.private()
	token := prepaid.NewSecret(v.r.PathValue("token"))
	if v.Door == nil {
		v.notHere()
		return
	}
	sends := v.r.Method == http.MethodPost
	set, err := v.Door.Check.SetUp(v.r.Context(), token, v.r.PostForm.Get(fieldFactor))
	if errors.Is(err, operators.ErrFactorLost) {
		set, err = v.Door.Check.SetUp(v.r.Context(), token, "")
	}
	if errors.Is(err, operators.ErrLinkDead) {
		v.state(http.StatusGone, "sign-in.dead", v.t("sign-in.dead-text"))
		return
	}
	if err != nil {
		v.fail(err)
		return
	}
	if !sends {
		v.showSetUp(http.StatusOK, set, nil)
		return
	}
	p, freshAt, err := v.Door.Check.Choose(v.r.Context(), operators.Chosen{
		Token: token, Password: prepaid.NewSecret(v.r.PostForm.Get(fieldPassword)), Sealed: v.r.PostForm.Get(fieldFactor),
		Code: prepaid.NewSecret(strings.TrimSpace(v.r.PostForm.Get(fieldCode))), From: guard.Client(v.r).String(),
	})
	if errors.Is(err, operators.ErrLinkDead) {
		v.state(http.StatusGone, "sign-in.dead", v.t("sign-in.dead-text"))
		return
	}
	if err == nil {
		err = v.begin(p, operators.ByPassword, freshAt)
	}
	if err != nil {
		v.showSetUp(0, set, err)
		return
	}
	v.redirect("/")
}

func (v *visit) showSetUp(status int, set operators.SetUp, wrong error) {
	f := setUpForm{
		Action: v.r.URL.Path, Email: set.Person.Email, Button: v.t("sign-in.set"), Optional: !set.Person.NeedsFactor(),
		Password: ui.Field{Name: fieldPassword, Label: v.t("sign-in.new-password"), Hint: v.t("sign-in.new-password-hint"), Type: "password",
			Autocomplete: "new-password", MaxLength: 200, Required: true},
	}
	v.addFactor(&f, set.Factor)
	if f.Optional {
		f.Code.Hint, f.Code.Required = v.t("sign-in.first-code-optional"), false
	}
	if wrong != nil {
		var text string
		status, text = v.refusal(wrong)
		f.Errors = v.mark(&f, wrong, text)
	}
	v.showBare(status, page{Head: ui.Head{Title: v.t("sign-in.set-title"), Sentence: v.t("sign-in.set-sentence", "email", set.Person.Email)},
		Template: "set-up", Data: f})
}

// mark says at its field what is wrong.
func (v *visit) mark(f *setUpForm, wrong error, text string) []ui.FieldError {
	var field *operators.FieldError
	switch {
	case errors.As(wrong, &field) && field.Field == fieldPassword:
		f.Password.Error = text
		return []ui.FieldError{{Field: fieldPassword, Text: text}}
	case errors.Is(wrong, operators.ErrWrongCode), errors.As(wrong, &field) && field.Field == fieldCode:
		f.Code.Error = text
		return []ui.FieldError{{Field: fieldCode, Text: text}}
	}
	return []ui.FieldError{{Text: text}}
}

// addFactor shows a new one-time password, and asks for its first code.
func (v *visit) addFactor(f *setUpForm, n operators.NewFactor) {
	code, err := qr.Encode(n.URL.Reveal(), qr.M)
	if err != nil {
		v.Log.ErrorContext(v.r.Context(), "desk: no QR code", "error", err)
	} else {
		f.QR = svgOf(code)
	}
	f.Sealed, f.Secret = n.Sealed, grouped(n.Secret.Reveal())
	f.Code = ui.Field{Name: fieldCode, Label: v.t("sign-in.first-code"), Hint: v.t("sign-in.first-code-hint"), Autocomplete: "one-time-code", InputMode: "numeric",
		MaxLength: 10, Required: true}
}

// grouped writes a text in groups of four.
func grouped(text string) string {
	var groups []string
	for len(text) > 4 {
		groups, text = append(groups, text[:4]), text[4:]
	}
	return strings.Join(append(groups, text), " ")
}

// svgOf draws a QR code: a path of unit squares, black on white in both schemes, with the margin that readers need.
func svgOf(code *qr.Code) template.HTML {
	const margin = 4
	var path strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			from := x
			for code.Black(x, y) {
				x++
			}
			if x > from {
				path.WriteString("M" + strconv.Itoa(from+margin) + " " + strconv.Itoa(y+margin) + "h" + strconv.Itoa(x-from) + "v1H" + strconv.Itoa(from+margin) + "z")
			}
		}
	}
	size := strconv.Itoa(code.Size + 2*margin)
	return template.HTML(`<svg class="qr" viewBox="0 0 ` + size + ` ` + size + `" width="220" height="220" shape-rendering="crispEdges" aria-hidden="true" focusable="false">` + //nolint:gosec // of numbers alone
		`<path fill="#fff" d="M0 0h` + size + `v` + size + `H0z"/><path fill="#000" d="` + path.String() + `"/></svg>`)
}

// demo lets the reader of a link into the demo.
func (v *visit) demo() {
	v.private()
	token := prepaid.NewSecret(v.r.PathValue("token"))
	if v.Door == nil || !v.Door.Demo() {
		v.notHere()
		return
	}
	var p operators.Person
	var err error
	if v.r.Method == http.MethodPost {
		p, err = v.Door.Check.EnterDemo(v.r.Context(), token, guard.Client(v.r).String())
	} else {
		p, err = v.Door.Check.Demo(v.r.Context(), token)
	}
	switch {
	case errors.Is(err, operators.ErrLinkDead):
		v.state(http.StatusGone, "sign-in.dead", v.t("sign-in.demo-dead-text"))
	case err != nil:
		v.fail(err)
	case v.r.Method != http.MethodPost:
		v.showBare(http.StatusOK, page{Head: ui.Head{Title: v.t("sign-in.demo"), Sentence: v.t("sign-in.demo-text")}, Template: "enter-demo",
			Data: goOn{Action: v.r.URL.Path}})
	default:
		if err := v.begin(p, operators.ByDemo, v.Clock.Now()); err != nil {
			v.fail(err)
			return
		}
		v.redirect("/")
	}
}
