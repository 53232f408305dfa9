package desk

import (
	"errors"
	"net/http"

	"pulsa/operators"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// searchRoutes are the search box. It is posted, because what people paste into it may be secret, and so it is shown to nobody again.
func searchRoutes() []route {
	return []route{get("/{brand}/search", operators.ActSee, (*visit).searchAnew), post("/{brand}/search", operators.ActSee, (*visit).search)}
}

// searchData is what the template "search" shows.
type searchData struct {
	Found ui.Table
	Hint  string
}

// search finds what was typed, in all brands of the person. One hit is gone to.
func (v *visit) search() {
	found, err := v.Desk.Desk.Search.Find(v.r.Context(), v.actor, v.r.PostForm.Get(searchField))
	switch {
	case errors.Is(err, operators.ErrMaySecret):
		v.notSearched("search.secret", v.t("search.secret-text"))
		return
	case errors.Is(err, operators.ErrEmptySearch), errors.Is(err, operators.ErrLongSearch):
		v.notSearched("search.nothing-typed", v.t("search.can"))
		return
	case err != nil:
		v.fail(err)
		return
	}
	if len(found) == 1 {
		if to := v.pageOf(found[0]); to != "" {
			v.redirect(to)
			return
		}
	}
	if len(found) == 0 {
		v.notSearched("search.none", v.t("search.none-text"))
		return
	}
	t := ui.Table{Caption: v.t("search.found"), Columns: []ui.Column{
		{Name: v.t("search.what")}, {Name: v.t("search.by")}, {Name: v.t("orders.status")}, {Name: v.t("search.brand")}, {Name: v.t("orders.made")},
	}}
	for _, f := range found {
		t.Rows = append(t.Rows, ui.Row{Href: v.pageOf(f), Cells: []ui.Cell{
			{Text: v.nameOf(f), Mono: true}, {Text: v.t("search.by." + f.By)}, {Text: v.tOr("order.status."+f.Status, f.Status)},
			{Text: v.Brands.Known(f.Brand).Title}, {Time: v.at(f.At)},
		}})
	}
	v.show(http.StatusOK, page{Head: ui.Head{Title: v.t("search.found"), Sentence: v.t("search.several", "count", number(int64(len(found))))},
		Template: "search", Data: searchData{Found: t, Hint: v.t("search.can")}})
}

// searchAnew is for whoever comes back to the address of a search: what was looked for stands in none.
func (v *visit) searchAnew() {
	v.show(http.StatusOK, page{Head: ui.Head{Title: v.t("search.nothing-typed"), Sentence: v.t("search.can")}, Template: "search", Data: searchData{}})
}

// notSearched says why nothing is shown, and what can be searched.
func (v *visit) notSearched(title, text string) {
	v.show(http.StatusUnprocessableEntity, page{Head: ui.Head{Title: v.t(title), Sentence: text}, Template: "search", Data: searchData{Hint: v.t("search.can")}})
}

// pageOf is the page of what was found; "" where it has none.
func (v *visit) pageOf(f operators.Found) string {
	at := *v
	at.brand = v.Brands.Known(f.Brand)
	switch f.Kind {
	case prepaid.OnOrder:
		return at.path("orders", f.ID)
	case prepaid.OnCustomer:
		return at.path("customers", f.ID)
	}
	return ""
}

// nameOf is how a person knows what was found: an order's number, a card's serial. A customer's id says nothing.
func (v *visit) nameOf(f operators.Found) string {
	switch f.Kind {
	case prepaid.OnOrder:
		return prepaid.OrderID(f.ID).Grouped()
	case prepaid.OnCustomer:
		return v.t("search.customer")
	}
	return f.ID
}
