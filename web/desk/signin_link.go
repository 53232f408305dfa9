package desk

import (
	"errors"
	"html/template"
	"net/http"
	"strconv"
	"strings"

	"rsc.io/qr"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/guard"
	"pulsa/web/ui"
)

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
