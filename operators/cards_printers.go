package operators

import (
	"context"
	"errors"
	"io"
	"strings"

	"pulsa/cards"
	"pulsa/prepaid"
)

// PrinterRow is a printer as lists show it.
type PrinterRow struct {
	Name  string `json:"name"`
	Key   string `json:"key"` // public
	Added string `json:"added"`
	By    string `json:"by"`
}

// Printers lists the brand's printers by name.
func (c Cards) Printers(ctx context.Context) ([]PrinterRow, error) {
	all, err := c.Service.Printers(ctx, c.Brand.Name)
	rows := make([]PrinterRow, len(all))
	for i, p := range all {
		rows[i] = PrinterRow{p.Name, p.Key, stamp(p.AddedAt), p.AddedBy}
	}
	return rows, err
}

// cardKeep is an export to stored printers, whose file the server keeps.
type cardKeep struct{ printers []cards.Printer }

func (e cardKeep) plan(ctx context.Context, on selected) (CardPlan, error) {
	var spec cards.ExportSpec
	for _, p := range e.printers {
		spec.Recipients, spec.Printers = append(spec.Recipients, p.Key), append(spec.Printers, p.Name)
	}
	if err := spec.Check(on.by); err != nil {
		return CardPlan{}, &FieldError{Field: "printers", Err: err}
	}
	p, err := on.Service.PreviewExport(ctx, on.filter, on.all)
	if err != nil {
		return CardPlan{}, err
	}
	return CardPlan{Preview: p, Verb: "export", start: func(ctx context.Context) (cards.Job, error) {
		return on.Service.StartExport(ctx, p, spec, on.by)
	}}, nil
}

// printers finds a brand's printers by name.
func (d *Desk) printers(ctx context.Context, brand string, names []string) ([]cards.Printer, error) {
	c, err := d.Cards(brand)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, &FieldError{Field: "printers", Err: errors.New("choose who prints them")}
	}
	found := make([]cards.Printer, len(names))
	for i, name := range names {
		if found[i], err = c.Service.PrinterNamed(ctx, brand, name); err != nil {
			return nil, &FieldError{Field: "printers", Value: name, Err: cards.ErrNoPrinter}
		}
	}
	return found, nil
}

// printersText names printers with their keys, so that an approval lapses where a key was changed.
func printersText(printers []cards.Printer) string {
	parts := make([]string, len(printers))
	for i, p := range printers {
		parts[i] = p.Name + " (" + p.Key + ")"
	}
	return strings.Join(parts, ", ")
}

// AddPrinter stores a printer's public key. It takes two people: whoever holds its secret key can read the codes of every export to it.
type AddPrinter struct{ Brand, Name, Key string }

// Kind implements Operation.
func (AddPrinter) Kind() string { return "add printer" }

// Act implements Operation.
func (AddPrinter) Act(Actor) Act { return ActCardsOver }

// On implements Operation.
func (o AddPrinter) On() Object { return Object{o.Brand, prepaid.OnCards, o.Name} }

// Plan implements Operation.
func (o AddPrinter) Plan(ctx context.Context, d *Desk) (Plan, error) {
	c, err := d.Cards(o.Brand)
	if err != nil {
		return Plan{}, err
	}
	if err := cards.CheckPrinter(cards.Printer{Brand: o.Brand, Name: o.Name, Key: o.Key}); err != nil {
		return Plan{}, &FieldError{Field: "key", Err: err}
	}
	if _, err := c.Service.PrinterNamed(ctx, o.Brand, o.Name); err == nil {
		return Plan{}, &FieldError{Field: "name", Value: o.Name, Err: cards.ErrPrinterExists}
	} else if !errors.Is(err, cards.ErrNoPrinter) {
		return Plan{}, err
	}
	return Plan{Does: Say("Print files can be made for {name}. Whoever has the secret key of {key} can open them.", "name", o.Name, "key", strings.TrimSpace(o.Key)),
		State: Say("there is no printer {name}", "name", o.Name)}, nil
}

// Carry implements Operation.
func (o AddPrinter) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.notCarried(ctx, by); err != nil {
		return Result{}, err
	}
	c, err := d.Cards(o.Brand)
	if err != nil {
		return Result{}, err
	}
	err = c.Service.AddPrinter(ctx, cards.Printer{Brand: o.Brand, Name: o.Name, Key: o.Key}, by)
	return Result{Text: Say("Printer {name} is added.", "name", o.Name)}, err
}

// RemovePrinter removes a printer. Files that were made for it stay as they are.
type RemovePrinter struct{ Brand, Name string }

// Kind implements Operation.
func (RemovePrinter) Kind() string { return "remove printer" }

// Act implements Operation.
func (RemovePrinter) Act(Actor) Act { return ActCards }

// On implements Operation.
func (o RemovePrinter) On() Object { return Object{o.Brand, prepaid.OnCards, o.Name} }

// Plan implements Operation.
func (o RemovePrinter) Plan(ctx context.Context, d *Desk) (Plan, error) {
	p, err := d.printers(ctx, o.Brand, []string{o.Name})
	if err != nil {
		return Plan{}, err
	}
	return Plan{Does: Say("No more print files are made for {printers}. Those that were made stay as they are.", "printers", printersText(p))}, nil
}

// Carry implements Operation.
func (o RemovePrinter) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.notCarried(ctx, by); err != nil {
		return Result{}, err
	}
	c, err := d.Cards(o.Brand)
	if err != nil {
		return Result{}, err
	}
	return Result{Text: Say("Printer {name} is removed.", "name", o.Name)}, c.Service.RemovePrinter(ctx, o.Brand, o.Name, by)
}

// PrintFile returns the print file that the server keeps of an export; cards.ErrNoFile.
func (c Cards) PrintFile(ctx context.Context, job string) (cards.PrintFile, error) {
	return c.Service.PrintFile(ctx, c.Brand.Name, cards.JobID(job))
}

// FetchPrintFile writes a print file to w for a person, after the deed of it. It is sealed to its printers: nobody else can open it. Errors:
// *ForbiddenError, ErrNoReason, ErrNotFresh, cards.ErrNoFile.
func (d *Desk) FetchPrintFile(ctx context.Context, a Actor, brand, job, why string, w io.Writer) error {
	why = strings.TrimSpace(why)
	switch {
	case a.Right(ActCards, brand) != May:
		return forbidden(ActCards, brand)
	case why == "":
		return ErrNoReason
	case !a.Fresh(d.Clock.Now()):
		return ErrNotFresh
	}
	c, err := d.Cards(brand)
	if err != nil {
		return err
	}
	f, err := c.PrintFile(ctx, job)
	if err != nil {
		return err
	}
	return c.Service.FetchPrintFile(ctx, f, a.By(ActCards, brand, why), w)
}

// ConfirmPrintFile says that a print file has arrived at its printer. The server then forgets it.
type ConfirmPrintFile struct{ OfJob }

// Kind implements Operation.
func (ConfirmPrintFile) Kind() string { return "confirm print file" }

// Plan implements Operation.
func (o ConfirmPrintFile) Plan(ctx context.Context, d *Desk) (Plan, error) {
	_, f, err := o.printFile(ctx, d)
	if err != nil {
		return Plan{}, err
	}
	return Plan{Does: Say("The print file of {cards} has arrived. It is deleted here; one that is lost after that is only made again with new codes.", "cards", howManyCards(int64(f.Cards)))}, nil
}

func (o OfJob) printFile(ctx context.Context, d *Desk) (Cards, cards.PrintFile, error) {
	c, err := d.Cards(o.Brand)
	if err != nil {
		return c, cards.PrintFile{}, err
	}
	f, err := c.PrintFile(ctx, o.Job)
	switch {
	case err != nil:
		return c, f, err
	case !f.GoneAt.IsZero():
		return c, f, cards.ErrNoFile
	case f.FetchedAt.IsZero():
		return c, f, cards.ErrNotFetched
	}
	return c, f, nil
}

// Carry implements Operation.
func (o ConfirmPrintFile) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	if err := d.notCarried(ctx, by); err != nil {
		return Result{}, err
	}
	c, f, err := o.printFile(ctx, d)
	if err != nil {
		return Result{}, err
	}
	return Result{Text: Say("The print file is confirmed, and deleted here.")}, c.Service.ConfirmPrintFile(ctx, f, by)
}
