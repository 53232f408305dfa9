package desk

import (
	"net/http"

	"pulsa/operators"
	"pulsa/web/ui"
)

// cardsPrintersRoutes are who prints the brand's cards.
func cardsPrintersRoutes() []route {
	all := []route{get("/{brand}/cards/printers", operators.ActSee, (*visit).listPrinters)}
	all = append(all, runs("/{brand}/cards/printers/add", operators.ActCardsOver, (*visit).addPrinter)...)
	return append(all, runs("/{brand}/cards/printers/{printer}/remove", operators.ActCards, (*visit).removePrinter)...)
}

// listPrinters answers with the brand's printers. Their keys are public.
func (v *visit) listPrinters() {
	shop, ok := v.ofCards()
	if !ok {
		return
	}
	printers, err := shop.Printers(v.r.Context())
	if err != nil {
		v.fail(err)
		return
	}
	t := ui.Table{Caption: v.t("printers.title"), Columns: []ui.Column{
		{Name: v.t("printers.name")}, {Name: v.t("printers.key")}, {Name: v.t("printers.added"), Wide: true}, {Name: v.t("printers.remove")},
	}, Empty: ui.State{Title: v.t("printers.none"), Text: v.t("printers.none-text")}}
	for _, p := range printers {
		row := ui.Row{Cells: []ui.Cell{{Text: p.Name}, {Text: p.Key, Mono: true}, {Time: v.atText(p.Added), Second: p.By}, {}}}
		if v.may(operators.ActCards) != operators.Not {
			row.Cells[3] = ui.Cell{Text: v.t("printers.remove"), To: v.path("cards", "printers", p.Name, "remove")}
		}
		t.Rows = append(t.Rows, row)
	}
	head := ui.Head{Title: v.t("printers.title"), Sentence: v.t("printers.sentence"), More: []ui.Link{{Href: v.path("cards"), Text: v.t("place.cards")}}}
	if v.may(operators.ActCardsOver) != operators.Not {
		head.Action = &ui.Link{Href: v.path("cards", "printers", "add"), Text: v.t("printers.add")}
	}
	v.show(http.StatusOK, page{Head: head, Template: "table", Data: t})
}

// addPrinter stores a printer's public key. It takes two people.
func (v *visit) addPrinter() {
	v.run(task{
		Title: v.t("printers.add"), Back: v.path("cards", "printers"), Fields: []ui.Input{
			{Field: ui.Field{Name: "printer", Label: v.t("printers.name"), Hint: v.t("printers.name-hint"), MaxLength: 30, Required: true}},
			{Field: ui.Field{Name: "key-public", Label: v.t("printers.key"), Hint: v.t("printers.key-hint"), MaxLength: 1000, Required: true}},
		},
		Read: func(f *typed) operators.Operation {
			o := operators.AddPrinter{Brand: v.brand.Name, Name: f.text("printer"), Key: f.text("key-public")}
			if o.Name == "" {
				f.wrong("printer", v.t("printers.wrong-name"))
			}
			if o.Key == "" {
				f.wrong("key-public", v.t("printers.wrong-key"))
			}
			return o
		},
	})
}

// removePrinter removes a printer.
func (v *visit) removePrinter() {
	name := v.r.PathValue("printer")
	shop, ok := v.ofCards()
	if !ok {
		return
	}
	if _, err := shop.Service.PrinterNamed(v.r.Context(), v.brand.Name, name); err != nil && v.r.Method == http.MethodGet {
		v.fail(err)
		return
	}
	v.run(task{
		Title: v.t("printers.remove-one", "name", name), Back: v.path("cards", "printers"),
		Read: func(*typed) operators.Operation { return operators.RemovePrinter{Brand: v.brand.Name, Name: name} },
	})
}
