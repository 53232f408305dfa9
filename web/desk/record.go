package desk

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// Seals tells how far the record is sealed.
type Seals interface {
	// LastLinks returns the newest link of each of the brands that has one.
	LastLinks(ctx context.Context, brands []string) ([]operators.Link, error)
}

// recordRoutes are the record of deeds, as a page and as a file: of a brand, and of all of the person's.
func recordRoutes() []route {
	return []route{
		get("/{brand}/record", operators.ActSee, (*visit).record),
		get("/{brand}/record.csv", operators.ActSee, (*visit).recordFile),
		get("/-/record", "", (*visit).record),
		get("/-/record.csv", "", (*visit).recordFile),
	}
}

// recordParams are the filters of the record, as its address has them.
var recordParams = []string{"who", "kind", "object", "what", "from", "since", "until"}

// deedKinds are the kinds of what deeds are done to.
var deedKinds = []string{
	prepaid.OnOrder, prepaid.OnCustomer, prepaid.OnKey, prepaid.OnCards, prepaid.OnChannel, prepaid.OnBrand, prepaid.OnPerson, prepaid.OnItem,
	prepaid.OnNotice, prepaid.OnBlock, prepaid.OnHouse,
}

// recordData is what the template "record" shows.
type recordData struct {
	Filters ui.Filters
	Table   ui.Table
	Seals   ui.Table
}

// deedFilter reads the filters of the address. What can't be read narrows nothing; wrong says so. It always has the brands that the person
// sees: a filter without brands would show all. It reports false where there is none.
func (v *visit) deedFilter() (f operators.DeedFilter, wrong string, sees bool) {
	q := v.r.URL.Query()
	f = operators.DeedFilter{
		Brands: v.brandNames(), Who: strings.TrimSpace(q.Get("who")), Kind: q.Get("kind"), Object: strings.TrimSpace(q.Get("object")),
		What: strings.TrimSpace(q.Get("what")), From: strings.TrimSpace(q.Get("from")), Limit: 50,
	}
	if len(f.Brands) == 0 {
		return f, "", false
	}
	if (f.Kind == "") != (f.Object == "") {
		f.Kind, f.Object, wrong = "", "", v.t("record.wrong-object")
	}
	if f.Kind == prepaid.OnOrder {
		f.Object = string(prepaid.ReadOrderID(f.Object))
	}
	switch ip, err := netip.ParseAddr(f.From); {
	case err == nil:
		f.From = ip.Unmap().String()
	case f.From != "" && f.From != prepaid.Machine:
		f.From, wrong = "", v.t("record.wrong-from")
	}
	if !v.readSpan(&f.Since, &f.Until) {
		wrong = v.t("orders.wrong-day")
	}
	after, err := operators.ReadDeedCursor(q.Get("after"))
	if err != nil {
		wrong = v.t("orders.wrong-page")
	}
	f.After = after
	return f, wrong, true
}

// record answers with a page of the record, newest first. What deeds say of customers stands on none.
func (v *visit) record() {
	f, wrong, sees := v.deedFilter()
	if !sees {
		v.notHere()
		return
	}
	list, err := v.Record.List(v.r.Context(), f)
	if err != nil {
		v.fail(err)
		return
	}
	data := recordData{Filters: v.recordFilters(), Table: v.recordTable(list)}
	if list.Next != "" {
		data.Table.Next = v.recordAt("after", list.Next)
	}
	if v.r.URL.Query().Get("after") != "" {
		data.Table.First = v.recordAt("", "")
	}
	if data.Seals, err = v.seals(); err != nil {
		v.fail(err)
		return
	}
	head := ui.Head{Title: v.t("place.record"), Sentence: v.t("record.sentence")}
	if v.brand != nil && (len(v.seen()) > 1 || v.actor.Sees("")) {
		head.More = []ui.Link{{Href: "/-/record", Text: v.t("record.all-brands")}}
	}
	p := page{Head: head, Template: "record", Data: data}
	status := http.StatusOK
	if wrong != "" {
		status, p.Banner = http.StatusBadRequest, ui.Banner{Tone: ui.Bad, Text: wrong}
	}
	v.show(status, p)
}

// recordAt is the address of the record with one of its filters changed; "" leaves it out.
func (v *visit) recordAt(name, value string) string {
	q := v.r.URL.Query()
	var pairs []string
	for _, p := range recordParams {
		if p != name && !(name == "kind" && value == "" && p == "object") { // an object has both
			pairs = append(pairs, p, q.Get(p))
		}
	}
	if name != "" {
		pairs = append(pairs, name, value)
	}
	return strings.TrimSuffix(v.path("record")+"?"+query(pairs...), "?")
}

// deedsOf is a link to what was done to an object of the brand.
func (v *visit) deedsOf(kind, id string) ui.Link {
	return ui.Link{Href: v.path("record") + "?" + query("kind", kind, "object", id), Text: v.t("record.of-this")}
}

// recordFilters are the filters that are set, and those that can be.
func (v *visit) recordFilters() ui.Filters {
	q := v.r.URL.Query()
	f := ui.Filters{Action: v.path("record"), CSV: strings.Replace(v.recordAt("", ""), "/record", "/record.csv", 1)}
	for _, name := range recordParams {
		value := q.Get(name)
		switch {
		case value == "" || name == "object":
		case name == "kind":
			f.Chips = append(f.Chips, ui.Chip{Text: v.objectName(value, q.Get("object")), Remove: v.recordAt(name, "")})
		case name == "since" || name == "until":
			f.Chips = append(f.Chips, ui.Chip{Text: v.spanSays(name, value), Remove: v.recordAt(name, "")})
		default:
			f.Chips = append(f.Chips, ui.Chip{Text: v.t("record."+name) + ": " + value, Remove: v.recordAt(name, "")})
		}
	}
	kinds := ui.Choice{Name: "kind", Label: v.t("record.kind"), Options: []ui.Option{{Label: v.t("orders.any"), Chosen: q.Get("kind") == ""}}}
	for _, kind := range deedKinds {
		kinds.Options = append(kinds.Options, ui.Option{Value: kind, Label: v.t("record.kind." + kind), Chosen: q.Get("kind") == kind})
	}
	f.Choices = append([]ui.Choice{
		{Name: "who", Label: v.t("record.who"), Value: q.Get("who"), Hint: v.t("record.who-hint")},
		kinds,
		{Name: "object", Label: v.t("record.object"), Value: q.Get("object"), Hint: v.t("record.object-hint")},
		{Name: "what", Label: v.t("record.what"), Value: q.Get("what")},
		{Name: "from", Label: v.t("record.from"), Value: q.Get("from"), Hint: v.t("record.from-hint")},
	}, v.spanChoices()...)
	return f
}

// objectName is what a deed was done to, as people know it.
func (v *visit) objectName(kind, id string) string {
	if kind == prepaid.OnOrder {
		id = prepaid.OrderID(id).Grouped()
	}
	return strings.TrimSpace(v.tOr("record.kind."+kind, kind) + " " + id)
}

// objectPage is the page of what a deed was done to; "" where there is none, or none that the person may see.
func (v *visit) objectPage(d operators.RecordRow) string {
	at := *v
	at.brand = v.Brands.Known(d.Brand)
	may := func(act operators.Act) bool { return at.brand != nil && v.actor.Right(act, d.Brand) != operators.Not }
	switch {
	case d.Object == "":
	case d.Kind == prepaid.OnOrder && may(operators.ActSee):
		return at.path("orders", d.Object)
	case d.Kind == prepaid.OnCustomer && may(operators.ActSee):
		return at.path("customers", d.Object)
	case d.Kind == prepaid.OnKey && may(operators.ActSee):
		return at.path("developers", d.Object)
	case d.Kind == prepaid.OnChannel && may(operators.ActSee):
		return at.path("channels")
	case d.Kind == prepaid.OnBlock && may(operators.ActBlock):
		return at.path("blocks")
	case d.Kind == prepaid.OnPerson && v.actor.Right(operators.ActPeople, "") != operators.Not:
		return "/-/people/" + d.Object
	case d.Kind == prepaid.OnHouse && v.actor.Sees(""):
		return "/-/health"
	}
	return ""
}

// recordTable shows deeds as rows. Who did it and what was done lead to more of the same.
func (v *visit) recordTable(list operators.RecordList) ui.Table {
	t := ui.Table{Caption: v.t("place.record"), Columns: []ui.Column{
		{Name: v.t("record.at")}, {Name: v.t("record.what")}, {Name: v.t("record.object")}, {Name: v.t("record.who")}, {Name: v.t("record.change")},
		{Name: v.t("record.outcome")},
	}, Empty: ui.State{Title: v.t("record.none"), Text: v.t("record.none-text")}}
	if v.recordAt("", "") != v.path("record") {
		t.Empty = ui.State{Title: v.t("record.none-found"), Text: v.t("orders.none-found-text"), Link: &ui.Link{Href: v.path("record"), Text: v.t("record.all")}}
	}
	for _, d := range list.Rows {
		object := ui.Cell{Text: v.objectName(d.Kind, d.Object), To: v.objectPage(d)}
		if v.brand == nil {
			object.Second = v.brandTitle(d.Brand)
		}
		who := ui.Cell{Text: d.Who, To: v.recordAt("who", d.Who), Second: v.roleFrom(d)}
		outcome := ui.Cell{Status: v.deedStatus(d.Outcome)}
		if d.ApprovedBy != "" {
			outcome.Second = v.t("record.approved", "who", d.ApprovedBy)
		}
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{
			{Time: v.atMinute(d.At)}, {Text: d.What, To: v.recordAt("what", d.What), Second: d.Why}, object, who, {Text: changeSays(d.Old, d.New)}, outcome,
		}})
	}
	return t
}

// atMinute is a time as the record shows it: also that of another day to the minute.
func (v *visit) atMinute(t time.Time) ui.Time {
	at := v.at(t)
	at.Short = v.clock(t)
	return at
}

// roleFrom says in which role a deed was done, and from where.
func (v *visit) roleFrom(d operators.RecordRow) string {
	if d.Role == d.From {
		return d.Role // "machine" once
	}
	return strings.Trim(d.Role+" · "+d.From, " ·")
}

// changeSays is what was before and what is now.
func changeSays(before, now string) string {
	if before == "" {
		return now
	}
	return before + " → " + cmp.Or(now, "–")
}

// deedStatus is what came of a deed.
func (v *visit) deedStatus(outcome string) ui.Status {
	switch outcome {
	case "":
		return ui.Status{Tone: ui.Wait, Word: v.t("record.open")}
	case operators.DeedDone:
		return ui.Status{Tone: ui.Good, Word: v.t("record.done")}
	}
	return ui.Status{Tone: ui.Idle, Word: outcome}
}

// brandTitle is a brand as people know it; of "", that it is none.
func (v *visit) brandTitle(name string) string {
	if b := v.Brands.Known(name); b != nil {
		return b.Title
	}
	return cmp.Or(name, v.t("frame.no-brand"))
}

// seals are the newest links of the page's brands: each stands for all deeds of its brand until then.
func (v *visit) seals() (ui.Table, error) {
	t := ui.Table{Caption: v.t("record.seal"), Columns: []ui.Column{
		{Name: v.t("record.brand")}, {Name: v.t("record.sealed-at")}, {Name: v.t("record.link")}, {Name: v.t("record.deeds"), Money: true},
	}, Empty: ui.State{Title: v.t("record.no-seal"), Text: v.t("record.no-seal-text")}}
	links, err := v.Seals.LastLinks(v.r.Context(), v.brandNames())
	if err != nil {
		return t, fmt.Errorf("latest seal: %w", err)
	}
	for _, l := range links {
		t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: v.brandTitle(l.Brand)}, {Time: v.atMinute(l.SealedAt)}, {Text: l.String(), Mono: true}, {Text: number(l.Deeds)}}})
	}
	return t, nil
}

// recordFile answers with the record as CSV, times in UTC: all of it that fits the filters.
func (v *visit) recordFile() {
	f, wrong, sees := v.deedFilter()
	switch {
	case !sees:
		v.notHere()
		return
	case wrong != "":
		v.state(http.StatusBadRequest, "state.failed", wrong)
		return
	}
	f.Limit = 500
	list, err := v.Record.List(v.r.Context(), f)
	if err != nil {
		v.fail(err)
		return
	}
	ui.Protect(v.w.Header())
	v.w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+strings.Trim("record-"+v.brandName(), "-")+`.csv"`)
	out := csv.NewWriter(v.w)
	_ = out.Write([]string{"at", "brand", "who", "role", "from", "what", "kind", "object", "old", "new", "outcome", "approved_by", "why", "id"})
	for {
		for _, d := range list.Rows {
			cells := []string{
				d.At.UTC().Format(time.RFC3339Nano), d.Brand, d.Who, d.Role, d.From, d.What, d.Kind, d.Object, d.Old, d.New, d.Outcome, d.ApprovedBy, d.Why, d.ID,
			}
			for i := range cells {
				cells[i] = prepaid.CSVCell(cells[i])
			}
			_ = out.Write(cells)
		}
		if list.Next == "" {
			break
		}
		if f.After, err = operators.ReadDeedCursor(list.Next); err == nil {
			list, err = v.Record.List(v.r.Context(), f)
		}
		if err != nil {
			v.Log.ErrorContext(v.r.Context(), "desk: file cut off", "error", err)
			panic(http.ErrAbortHandler) // half a file must not look whole
		}
	}
	out.Flush()
}
