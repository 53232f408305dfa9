package desk

import (
	"context"
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/guard"
	"pulsa/web/ui"
)

//go:embed static pages words
var files embed.FS

// SignIn is who is signed in.
type SignIn interface {
	// Around goes around every handler: it loads the session of a request, and keeps it.
	Around(next http.Handler) http.Handler
	// Actor returns who is signed in; false where nobody is.
	Actor(r *http.Request) (operators.Actor, bool)
	// Again takes the second factor again. The actor that it returns is fresh. Errors: ErrWrongCode.
	Again(r *http.Request, code prepaid.Secret) (operators.Actor, error)
}

// ErrWrongCode says that a second factor is wrong.
var ErrWrongCode = errors.New("the code is wrong")

// SentForms tells what came of a form.
type SentForms interface {
	// Sent returns a form that a person has sent; false where there is no such form.
	Sent(ctx context.Context, person operators.PersonID, key string) (operators.SentForm, bool, error)
}

// Config is what a Desk is made of. All fields are needed, but Door or SignIn.
type Config struct {
	Desk    *operators.Desk
	Forms   SentForms
	SignIn  SignIn
	Door    *Door // where people sign in, which is the SignIn then; nil: the SignIn has no pages
	Figures Figures
	Health  Health
	Record  operators.Record
	Seals   Seals
	Brands  *prepaid.Brands
	Clock   prepaid.Clock
	Log     *slog.Logger
}

// Desk serves the operators' pages. Safe for concurrent use.
type Desk struct {
	Config
	pages   map[string]*ui.Pages // by language
	words   map[string]words
	handler http.Handler
}

// defaultLanguage is of the pages where the person's is not there.
const defaultLanguage = "en"

// filesAt is where browsers find styles and scripts. No brand is named "-".
const filesAt = "/-/files/"

// New returns a Desk.
func New(c Config) (*Desk, error) {
	all, err := readWords(files)
	if err != nil {
		return nil, err
	}
	if c.Door != nil {
		c.SignIn = c.Door
	}
	d := &Desk{Config: c, words: all, pages: map[string]*ui.Pages{}}
	for language, w := range all {
		d.pages[language] = ui.NewIn(filesAt, files, func(key string) string { return w.say(key) }, c.Log)
	}
	mux := http.NewServeMux()
	for _, r := range table() {
		mux.Handle(r.Method+" "+r.Pattern, d.handle(r))
	}
	mux.HandleFunc("GET "+filesAt+"{file}", d.pages[defaultLanguage].ServeFile)
	mux.Handle("/", d.handle(route{Method: "GET", Pattern: "/", serve: (*visit).notHere}))
	d.handler = guard.WithoutPanics(http.NewCrossOriginProtection().Handler(c.SignIn.Around(mux)), c.Log)
	return d, nil
}

// ServeHTTP implements http.Handler.
func (d *Desk) ServeHTTP(w http.ResponseWriter, r *http.Request) { d.handler.ServeHTTP(w, r) }

// formLimit is how much a form may send, in bytes, unless its route says more.
const formLimit = 64 << 10

// handle checks, once for each request, who is signed in, whether the brand exists for them, and their right.
func (d *Desk) handle(to route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &visit{Desk: d, w: w, r: r, route: to}
		r.Body = http.MaxBytesReader(w, r.Body, max(to.limit, formLimit))
		actor, signedIn := d.SignIn.Actor(r)
		v.actor = actor
		v.speak()
		if !signedIn && !to.anybody && !v.enter() {
			return
		}
		switch {
		case to.anybody:
		case !v.findBrand():
			v.notHere()
			return
		case to.Act != "" && v.actor.Right(to.Act, v.brandName()) == operators.Not:
			v.refuse(to.Act)
			return
		}
		if v.parse() {
			to.serve(v)
		}
	})
}

// findBrand reads the brand of the address. It reports false where the brand does not exist for the person.
func (v *visit) findBrand() bool {
	name := v.r.PathValue("brand")
	if name == "" {
		return true // a page of no brand
	}
	if v.brand = v.Brands.Known(name); v.brand == nil || !v.actor.Sees(name) {
		v.brand = nil
		return false
	}
	return true
}

// parse reads what was sent, or answers that it is too much.
func (v *visit) parse() bool {
	if err := v.r.ParseForm(); err != nil && !strings.HasPrefix(v.r.Header.Get("Content-Type"), "multipart/") {
		v.state(http.StatusRequestEntityTooLarge, "state.too-big", v.t("state.too-big-text"))
		return false
	}
	return true
}

// speak takes the language of the person, or that of their browser.
func (v *visit) speak() {
	v.language = v.actor.Language
	if v.actor.Person == "" {
		v.language = preferred(v.r.Header.Get("Accept-Language"))
	}
	if v.pages[v.language] == nil {
		v.language = defaultLanguage
	}
}

// preferred is the first language of ours that a browser asks for.
func preferred(accept string) string {
	for part := range strings.SplitSeq(accept, ",") {
		tag, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		base, _, _ := strings.Cut(strings.ToLower(tag), "-")
		if slices.Contains(operators.DeskLanguages(), base) {
			return base
		}
	}
	return defaultLanguage
}

// refuse says that the person may not, and who may. A deed tells of it.
func (v *visit) refuse(act operators.Act) {
	object, kind := "", ""
	for _, name := range []string{prepaid.OnOrder, prepaid.OnCustomer} {
		if id := v.r.PathValue(name); id != "" {
			object, kind = id, name
		}
	}
	err := v.Desk.Desk.Deeds.Record(v.r.Context(), prepaid.Deed{
		Brand: v.brandName(), What: "refused: " + v.route.Method + " " + v.route.Pattern, Kind: kind, Object: object,
		By: v.actor.By(act, v.brandName(), "it is not for their roles"), At: v.Clock.Now(),
	})
	if err != nil {
		v.fail(err)
		return
	}
	v.showRefused(act)
}

// showRefused says that the person may not, where a deed tells of it already.
func (v *visit) showRefused(act operators.Act) {
	says, roles := string(act), []string{}
	for _, row := range operators.TableOfRights() {
		if row.Act != act {
			continue
		}
		says = row.Says
		for _, role := range operators.Roles() {
			if right := row.Rights[role]; right == operators.May || right == operators.Asks {
				roles = append(roles, string(role))
			}
		}
	}
	v.state(http.StatusForbidden, "state.no-right", v.t("state.no-right-text", "act", says, "roles", strings.Join(roles, ", ")))
}
