package app

import (
	"cmp"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pulsa/operators"
	"pulsa/prepaid/race"
	"pulsa/web/desk"
)

// deskForm is a form of a page.
type deskForm struct {
	action, method string
	values         url.Values
	missing        []string // fields that must be filled in, and nobody has taught how
}

var (
	formTag  = regexp.MustCompile(`(?s)<form\b([^>]*)>(.*?)</form>`)
	fieldTag = regexp.MustCompile(`(?s)<(input|textarea|select)\b([^>]*)>(?:([^<]*)</textarea>|((?:\s*<option[^>]*>[^<]*(?:</option>)?)*)\s*</select>)?`)
	option   = regexp.MustCompile(`<option([^>]*)>`)
	attr     = regexp.MustCompile(`([a-z-]+)(?:="([^"]*)")?`)
)

func attributes(tag string) map[string]string {
	all := map[string]string{}
	for _, m := range attr.FindAllStringSubmatch(tag, -1) {
		all[m[1]] = html.UnescapeString(m[2])
	}
	return all
}

// forms reads the forms of a page, and fills them in.
func forms(body string) (all []deskForm) {
	for _, m := range formTag.FindAllStringSubmatch(body, -1) {
		a := attributes(m[1])
		f := deskForm{action: a["action"], method: strings.ToUpper(cmp.Or(a["method"], "get")), values: url.Values{}}
		for _, tag := range fieldTag.FindAllStringSubmatch(m[2], -1) {
			f.fill(tag[1], attributes(tag[2]), html.UnescapeString(tag[3]), tag[4])
		}
		all = append(all, f)
	}
	return all
}

func (f *deskForm) fill(tag string, a map[string]string, text, options string) {
	name, value := a["name"], cmp.Or(a["value"], text)
	_, checked := a["checked"]
	_, required := a["required"]
	switch {
	case name == "", a["type"] == "submit", a["type"] == "file":
	case tag == "select":
		for i, o := range option.FindAllStringSubmatch(options, -1) {
			oa := attributes(o[1])
			if _, selected := oa["selected"]; selected || i == 0 || f.values.Get(name) == "" {
				f.values.Set(name, oa["value"])
			}
		}
	case a["type"] == "checkbox", a["type"] == "radio":
		if checked || a["type"] == "radio" && !f.values.Has(name) {
			f.values.Set(name, value)
		}
	case value == "" && deskTyped[name] != "":
		f.values.Set(name, deskTyped[name])
	default:
		if value == "" && required {
			f.missing = append(f.missing, name)
		}
		f.values.Set(name, value)
	}
}

func TestAFormThatIsSentTwiceWorksOnce(t *testing.T) {
	race.Skip(t)
	w := newDeskWalk(t)
	handlers := map[string]http.Handler{"demo": w.as("demo", operators.Roles()...), operators.AllBrands: w.as(operators.AllBrands, operators.Roles()...)}
	walked(t, func(r desk.Row) {
		if r.Method != http.MethodPost {
			return
		}
		h := handlers[whose(r)]
		var seen []string
		for _, address := range w.addresses(r.Pattern) {
			f, why := w.formAt(h, address)
			if why != "" {
				seen = append(seen, why)
				continue
			}
			at := w.dump()
			first := askDesk(h, http.MethodPost, address, f.values)
			if worksAgain[r.Pattern] != "" {
				return
			}
			if !f.values.Has("key") { // it asks for something
				if changed := w.changed(at, "deeds", "deed_details", "sightings"); len(changed) > 0 || first.status >= 400 {
					t.Errorf("POST %s: %d: a form without a key has changed:\n%s", r.Pattern, first.status, strings.Join(changed, "\n"))
				}
				return
			}
			if all := forms(first.body); first.status == http.StatusOK { // what was typed there is shown before it is done
				if i := slices.IndexFunc(all, func(f deskForm) bool {
					return f.action == address && f.method == http.MethodPost && f.values.Get("seen") != ""
				}); i >= 0 {
					f = all[i]
					first = askDesk(h, http.MethodPost, address, f.values)
				}
			}
			again := slices.ContainsFunc(forms(first.body), func(f deskForm) bool { return f.action == address && f.method == http.MethodPost })
			if first.status != http.StatusSeeOther && (first.status != http.StatusOK || again) {
				seen = append(seen, fmt.Sprintf("%s with %v: %d %s", address, f.values, first.status, problems(first.body)))
				continue
			}
			before := w.dump()
			second := askDesk(h, http.MethodPost, address, f.values)
			changed := w.changed(before)
			if second.status >= 400 || second.status == first.status && second.to != first.to || len(changed) > 0 {
				t.Errorf("POST %s, sent twice: %d %s, then %d %s; the second has changed:\n%s", r.Pattern, first.status, first.to, second.status, second.to, strings.Join(changed, "\n"))
			}
			w.holdsNoSecret(address, first)
			return
		}
		if len(seen) > 0 && formNotSent[r.Pattern] == "" {
			t.Errorf("POST %s: no form of it could be sent:\n%s", r.Pattern, strings.Join(seen, "\n"))
		}
	})
	w.holdsNoSecret("the log", deskAnswer{body: w.log.String()})
}

// formNotSent are operations that this test has nothing for, and where they are tried.
var formNotSent = map[string]string{
	"/{brand}/undo":                      "what can be undone stands in the banner of a result: desk_test.go undoes something",
	"/{brand}/open/{kind}/{id}":          "the page sends it by itself",
	"/-/open/{kind}/{id}":                "the page sends it by itself",
	"/{brand}/mandates/{mandate}":        "its form stands where a debt waits: the daily pages' tests fetch it",
	"/{brand}/waiting/{kind}/{id}/told":  "news is told meanwhile: the daily pages' tests tell some",
	"/{brand}/customers/{customer}/data": "it stands there once a file was made: the customers' tests fetch one",
	"/{brand}/search":                    "search_test.go searches",
	"/-/sign-out":                        "signin_test.go signs out",
	"/{brand}/developers/{developer}/deliveries/{delivery}/repeat": "nothing was delivered here: operators' tests repeat one",
	"/{brand}/waiting/{kind}/{id}/close":                           "the differences here are of no brand: /-/waiting tries it",
}

// worksAgain are operations that work each time, and why.
var worksAgain = map[string]string{
	"/{brand}/search":         "it only looks, and what can't be read is refused: TestSearch of package app",
	"/-/people/{person}/link": "the link that was shown is stored nowhere: sent again, the form makes another, and ends the one before",
}

// formAt returns the form that is sent to an address, filled in, or why there is none: it stands on the operation's own page, or on that of
// the object.
func (w *deskWalk) formAt(h http.Handler, address string) (f deskForm, why string) {
	w.walks.Helper()
	at, whys := address, []string(nil)
	for range 3 {
		if f, why = w.formOn(h, at, address); why == "" {
			return f, ""
		}
		whys = append(whys, why)
		at = path.Dir(at)
	}
	return f, strings.Join(whys, "; ")
}

func (w *deskWalk) formOn(h http.Handler, path, address string) (deskForm, string) {
	w.walks.Helper()
	got := askDesk(h, http.MethodGet, path, nil)
	for range 2 {
		if got.status != http.StatusOK {
			return deskForm{}, fmt.Sprintf("GET %s: %d %s", path, got.status, problems(got.body))
		}
		all := slices.DeleteFunc(forms(got.body), func(f deskForm) bool { return f.action != address })
		if i := slices.IndexFunc(all, func(f deskForm) bool { return f.method == http.MethodPost }); i >= 0 {
			if f := all[i]; len(f.missing) == 0 {
				return f, ""
			}
			return all[i], fmt.Sprintf("%s: teach deskTyped what to type into %v", address, all[i].missing)
		}
		if len(all) == 0 || len(all[0].missing) > 0 {
			return deskForm{}, fmt.Sprintf("%s: no form, or teach deskTyped what to type into it: %+v", address, all)
		}
		if all[0].method == http.MethodGet {
			got = askDesk(h, http.MethodGet, address, all[0].values)
		}
	}
	return deskForm{}, fmt.Sprintf("%s: no form to send: %s", address, problems(got.body))
}

var aProblem = regexp.MustCompile(`(?s)class="(?:error|problem)[^"]*"[^>]*>(.*?)</(?:p|div|section|ul)>|<h1>(.*?)</h1>|<p class="lonely[^>]*>(.*?)</p>`)

// problems is what a page says of what is wrong.
func problems(body string) string {
	var all []string
	for _, m := range aProblem.FindAllStringSubmatch(body, -1) {
		all = append(all, strings.Join(strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(m[1]+m[2]+m[3], " ")), " "))
	}
	return strings.Join(all, " | ")
}
