package desk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"pulsa/accounts"
	"pulsa/developers"
	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/web/ui"
)

// visit is one request of one person.
type visit struct {
	*Desk
	w        http.ResponseWriter
	r        *http.Request
	route    route
	actor    operators.Actor
	brand    *prepaid.Brand // nil on pages of no brand
	language string
}

// page is what show shows inside of the frame.
type page struct {
	Head     ui.Head
	Template string // of what stands below the head; "" for nothing
	Data     any    // for Template
	Banner   ui.Banner
}

// frame is the template's data.
type frame struct {
	page
	Paused           ui.Banner // that the brand sells nothing
	BrandTitle       string
	TestBrand        bool
	Brands           []ui.Link
	Places, Settings []ui.Link
	Person           string
	Search           string // where the search box posts to; "" for no box
	SignOut          string // likewise
	Me               string // the page about the person; "" for none
	Body             template.HTML
	Open             string // where the page says that it is open; "" for pages of no object
}

// show answers with a page.
func (v *visit) show(status int, p page) {
	body, err := v.html(p.Template, p.Data)
	if err != nil {
		v.Log.ErrorContext(v.r.Context(), "page not rendered", "template", p.Template, "error", err)
		http.Error(v.w, v.t("state.failed"), http.StatusInternalServerError)
		return
	}
	if p.Banner.Text == "" {
		p.Banner = v.banner()
	}
	f := frame{page: p, Body: body, BrandTitle: v.t("frame.no-brand"), Person: cmp.Or(v.actor.Name, v.actor.Email)}
	if v.brand != nil {
		f.BrandTitle, f.TestBrand = v.brand.Title, v.brand.Test
		f.Paused = v.pausedBanner()
		if hasRoute("POST", "/{brand}/search") {
			f.Search = v.path("search")
		}
	}
	f.Open = v.openPath()
	if v.Door != nil {
		f.SignOut, f.Me = signOutPath, mePath
	}
	for _, b := range v.seen() {
		to := "/" + b.Name
		if place := v.route.place(); v.brand != nil && hasRoute("GET", "/{brand}/"+place) {
			to += "/" + place
		}
		f.Brands = append(f.Brands, ui.Link{Href: to, Text: b.Title, Current: b == v.brand})
	}
	here := v.route.place()
	for _, place := range places {
		if to, ok := v.pathOf(place.name); ok {
			f.Places = append(f.Places, ui.Link{Href: to, Text: v.t("place." + place.name), Key: place.key, Current: place.name == here})
		}
	}
	for _, name := range settings {
		if to, ok := v.pathOf(name); ok {
			f.Settings = append(f.Settings, ui.Link{Href: to, Text: v.t("place." + name), Current: name == here})
		}
	}
	v.inLayout(status, p, "frame", f)
}

// openPath is where the page of an object says that it is open.
func (v *visit) openPath() string {
	for _, kind := range []string{prepaid.OnOrder, prepaid.OnCustomer} {
		if id := v.r.PathValue(kind); id != "" && v.brand != nil {
			return v.path("open", kind, id)
		}
	}
	if id := v.r.PathValue("id"); id != "" {
		return v.path("open", v.r.PathValue("kind"), id)
	}
	return ""
}

// showBare answers with a page that has no rail, for people who are not signed in.
func (v *visit) showBare(status int, p page) {
	body, err := v.html(p.Template, p.Data)
	if err != nil {
		v.Log.ErrorContext(v.r.Context(), "page not rendered", "template", p.Template, "error", err)
		http.Error(v.w, v.t("state.failed"), http.StatusInternalServerError)
		return
	}
	v.inLayout(status, p, "bare", frame{page: p, Body: body, BrandTitle: "Pulsa"})
}

func (v *visit) inLayout(status int, p page, name string, f frame) {
	v.pages[v.language].Show(v.w, v.r, status, ui.Page{
		Language: v.language, Title: strings.TrimSpace(p.Head.Title+" "+p.Head.Code) + " · " + f.BrandTitle, Class: v.class(),
		Skip: v.t("frame.skip"), SkipTo: "main",
		Styles: []string{"pieces.css", "desk.css"}, Scripts: []string{"htmx.min.js", "desk.js"}, Template: name, Data: f,
	})
}

// class is that of the page's body: how the person likes pages.
func (v *visit) class() string {
	class := "dense"
	if v.actor.Compact {
		class += " compact"
	}
	if v.actor.KeysOff {
		class += " keys-off"
	}
	return class
}

// signOutPath is where the frame's button posts to.
const signOutPath = "/-/sign-out"

// html renders a template; "" renders nothing.
func (v *visit) html(name string, data any) (template.HTML, error) {
	if name == "" {
		return "", nil
	}
	var body strings.Builder
	err := v.pages[v.language].WritePart(&body, name, data)
	return template.HTML(body.String()), err //nolint:gosec // a template has escaped it
}

// part answers with a part of a page, which htmx puts in the place of the one before.
func (v *visit) part(name string, data any) {
	v.w.Header().Set(partHeader, "1")
	v.pages[v.language].ShowPart(v.w, v.r, http.StatusOK, name, data)
}

// partHeader tells desk.js that an answer is a part, and no page to sign in on.
const partHeader = "Pulsa-Part"

// seen lists the brands in which the person has a role.
func (v *visit) seen() []*prepaid.Brand {
	var all []*prepaid.Brand
	for _, b := range v.Brands.AllKnown() {
		if v.actor.Sees(b.Name) {
			all = append(all, b)
		}
	}
	return all
}

// t returns the words of a key in the person's language. pairs are names and values of what stands in braces.
func (v *visit) t(key string, pairs ...string) string { return v.words[v.language].say(key, pairs...) }

// tOr is t, and or where there are no words for the key: of codes, of which providers have more than we know.
func (v *visit) tOr(key, or string) string {
	if v.words[v.language].has(key) {
		return v.t(key)
	}
	return or
}

func (v *visit) brandName() string {
	if v.brand == nil {
		return ""
	}
	return v.brand.Name
}

// path is the address of a page of the brand.
func (v *visit) path(parts ...string) string {
	to := "/" + v.brandName()
	if v.brand == nil {
		to = "/-"
	}
	for _, p := range parts {
		to += "/" + url.PathEscape(p)
	}
	return to
}

// query encodes names and values; empty values are left out.
func query(pairs ...string) string {
	values := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			values.Set(pairs[i], pairs[i+1])
		}
	}
	return values.Encode()
}

func (v *visit) redirect(to string) {
	ui.Protect(v.w.Header())
	http.Redirect(v.w, v.r, to, http.StatusSeeOther)
}

// may reports what the person may do about an act in the brand.
func (v *visit) may(act operators.Act) operators.Right { return v.actor.Right(act, v.brandName()) }

// zone is the person's time zone.
func (v *visit) zone() *time.Location {
	if v.actor.TimeZone != nil {
		return v.actor.TimeZone
	}
	if v.brand != nil && v.brand.TimeZone != nil {
		return v.brand.TimeZone
	}
	return time.UTC
}

// at is a time as pages show it, in the person's zone; the whole of it names the zone, and the brand's time where that differs.
func (v *visit) at(t time.Time) ui.Time {
	if t.IsZero() {
		return ui.Time{}
	}
	here, now := t.In(v.zone()), v.Clock.Now().In(v.zone())
	short := v.day(here)
	switch {
	case here.Year() != now.Year():
		short += " " + strconv.Itoa(here.Year())
	case here.YearDay() == now.YearDay():
		short = here.Format("15:04")
	}
	full := v.day(here) + here.Format(" 2006 15:04:05 ") + zoneName(v.zone())
	if v.brand != nil && v.brand.TimeZone != nil {
		if there := t.In(v.brand.TimeZone); there.Format("02 15:04") != here.Format("02 15:04") {
			full += " · " + there.Format("15:04 ") + zoneName(v.brand.TimeZone)
		}
	}
	return ui.Time{Short: short, Full: full, ISO: t.UTC().Format(time.RFC3339)}
}

// asOf is now, to the second: since when a part of a page stands as it does.
func (v *visit) asOf() ui.Time {
	now := v.Clock.Now()
	t := v.at(now)
	t.Short = now.In(v.zone()).Format("15:04:05")
	return t
}

// day is a date without its year: "12 Nov".
func (v *visit) day(t time.Time) string {
	months := strings.Fields(v.t("date.months"))
	if len(months) != 12 {
		return t.Format("2 Jan")
	}
	return strconv.Itoa(t.Day()) + " " + months[t.Month()-1]
}

// zoneName is a zone as people say it: "Amsterdam".
func zoneName(z *time.Location) string {
	name := z.String()
	return strings.ReplaceAll(name[strings.LastIndexByte(name, '/')+1:], "_", " ")
}

// clock is a time of day: "14:32" today, "12 Nov 14:32" else.
func (v *visit) clock(t time.Time) string {
	short, time := v.at(t).Short, t.In(v.zone()).Format("15:04")
	if short == time {
		return short
	}
	return short + " " + time
}

// signs are currencies that have one of their own.
var signs = map[prepaid.Currency]string{"EUR": "€", "USD": "$", "GBP": "£"}

// money is an amount as sentences say it: "€10.00".
func money(m prepaid.Money) string {
	sign, number := "", m.Number()
	if number, negative := strings.CutPrefix(number, "-"); negative {
		return "−" + money(prepaid.Money{Minor: -m.Minor, Currency: m.Currency}) + strings.Repeat("", len(number))
	}
	if sign = signs[m.Currency]; sign == "" {
		return number + " " + string(m.Currency)
	}
	return sign + number
}

// state answers with a page that says one thing: why there is nothing else.
func (v *visit) state(status int, title, text string) {
	s := ui.State{Text: text, Link: &ui.Link{Href: "/", Text: v.t("state.home")}}
	s.Title = v.t(title)
	p := page{Head: ui.Head{Title: s.Title}, Template: "lonely", Data: s}
	if v.actor.Person == "" {
		v.showBare(status, p)
		return
	}
	v.show(status, p)
}

// notHere answers 404.
func (v *visit) notHere() {
	v.state(http.StatusNotFound, "state.not-here", v.t("state.not-here-text"))
}

// missing are errors that say that something does not exist.
var missing = []error{topup.ErrNoOrder, accounts.ErrNoCustomer, developers.ErrNoKey, developers.ErrNoDelivery, operators.ErrNoMandate, operators.ErrNoOpenItem, operators.ErrNoNews, operators.ErrNoBlock}

// fail answers a request whose page can't be made: 404 where a thing does not exist, 403 where it is not the person's, 422 where the form
// lacks something, 500 else.
func (v *visit) fail(err error) {
	var forbidden *operators.ForbiddenError
	switch {
	case errors.As(err, &forbidden):
		v.showRefused(forbidden.Act)
		return
	case errors.Is(err, context.Canceled):
		return // nobody reads the answer
	case errors.Is(err, operators.ErrNoReason), errors.Is(err, operators.ErrNoForm), errors.Is(err, operators.ErrFormUsed):
		v.state(http.StatusUnprocessableEntity, "ui.errors", v.t("do.not-now", "why", err.Error()))
		return
	}
	for _, m := range missing {
		if errors.Is(err, m) {
			v.notHere()
			return
		}
	}
	v.Log.ErrorContext(v.r.Context(), "desk: page failed", "route", v.route.Pattern, "error", err)
	v.state(http.StatusInternalServerError, "state.failed", v.t("state.failed-text"))
}

// frameRoutes are the frame's own.
func frameRoutes() []route {
	return []route{
		get("/{$}", "", (*visit).home),
		get("/{brand}", operators.ActSee, (*visit).home),
		post("/{brand}/undo", operators.ActSee, (*visit).undo),
	}
}

// home leads to the first place of the brand; where the address names none, of the first brand.
func (v *visit) home() {
	if v.brand == nil {
		all := v.seen()
		if len(all) == 0 {
			v.notHere()
			return
		}
		v.brand = all[0]
	}
	for _, p := range places {
		if to, ok := v.pathOf(p.name); ok {
			v.redirect(to)
			return
		}
	}
	v.notHere()
}

// number is a count as people read it: "10,000".
func number(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}
