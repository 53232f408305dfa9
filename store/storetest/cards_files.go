package storetest

import (
	"pulsa/cards"
	"pulsa/prepaid"
)

// printed makes an export whose print file waits for its printer.
func (w *world) printed() {
	w.Helper()
	told := prepaid.Deed{Brand: brand, What: "add printer", Kind: prepaid.OnCards, Object: "joh", By: by, At: start}
	w.ok(w.db.CardFiles.AddPrinter(w.Context(), cards.Printer{Brand: brand, Name: "joh", Key: "age1", AddedAt: start, AddedBy: by.Who}, told))
	j := w.job(1)
	w.ok(w.db.CardFiles.AddFilePart(w.Context(), "file", 0, []byte("sealed"), start))
	w.ok(w.db.CardFiles.EndExport(w.Context(), j, cards.PrintFile{Job: j.ID, Brand: brand, File: "file", Cards: 1, Bytes: 6, MadeAt: start}))
	w.exec(`INSERT INTO card_changes (brand, series, width, first_number, last_number, at, job, state, reseller, expires_at) VALUES ('demo', '101', 8, 1, 5, 1, 'j', 'generated', '', 0)`)
}
