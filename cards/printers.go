package cards

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"pulsa/prepaid"
)

// Printer is who prints a brand's cards: print files are sealed to its key, so that nobody else opens them.
type Printer struct {
	Brand   string
	Name    string
	Key     string // public: age1…, or SSH's
	AddedAt time.Time
	AddedBy string
}

// Printers keeps them.
type Printers interface {
	// AddPrinter stores a printer, with the deed of who adds it; ErrPrinterExists.
	AddPrinter(ctx context.Context, p Printer, d prepaid.Deed) error
	// RemovePrinter removes one; ErrNoPrinter.
	RemovePrinter(ctx context.Context, brand, name string, d prepaid.Deed) error
	// Printers lists a brand's by name.
	Printers(ctx context.Context, brand string) ([]Printer, error)
}

// Refusals about printers.
var (
	ErrPrinterExists = errors.New("there is a printer of this name: remove it first, or choose another name")
	ErrNoPrinter     = errors.New("there is no printer of this name")
)

var printerName = regexp.MustCompile(`^[a-z][a-z0-9-]{0,29}$`)

// CheckPrinter says what to change in a printer's name or key.
func CheckPrinter(p Printer) error {
	if !printerName.MatchString(p.Name) {
		return errors.New("the name of a printer is up to 30 lower-case letters, digits and dashes, a letter first")
	}
	return p.checkKey()
}

func (p Printer) checkKey() error {
	if strings.ContainsAny(strings.TrimSpace(p.Key), "\r\n") {
		return errors.New("give one key, on one line")
	}
	return ExportSpec{Recipients: []string{p.Key}}.Check(prepaid.By{})
}

// Printers lists a brand's printers by name.
func (s *Service) Printers(ctx context.Context, brand string) ([]Printer, error) {
	return s.c.Printers.Printers(ctx, brand)
}

// PrinterNamed returns a printer; ErrNoPrinter.
func (s *Service) PrinterNamed(ctx context.Context, brand, name string) (Printer, error) {
	all, err := s.Printers(ctx, brand)
	if err != nil {
		return Printer{}, err
	}
	for _, p := range all {
		if p.Name == name {
			return p, nil
		}
	}
	return Printer{}, fmt.Errorf("%q: %w", name, ErrNoPrinter)
}

// AddPrinter stores a printer; ErrPrinterExists.
func (s *Service) AddPrinter(ctx context.Context, p Printer, by prepaid.By) error {
	p.Key = strings.TrimSpace(p.Key)
	if err := CheckPrinter(p); err != nil {
		return err
	}
	p.AddedAt, p.AddedBy = s.c.Clock.Now(), by.Who
	return s.c.Printers.AddPrinter(ctx, p, prepaid.Deed{
		Brand: p.Brand, What: "add printer", Kind: prepaid.OnCards, Object: p.Name, New: p.Key, By: by, At: p.AddedAt,
	})
}

// RemovePrinter removes a printer; ErrNoPrinter. Files that were made for it stay as they are.
func (s *Service) RemovePrinter(ctx context.Context, brand, name string, by prepaid.By) error {
	p, err := s.PrinterNamed(ctx, brand, name)
	if err != nil {
		return err
	}
	return s.c.Printers.RemovePrinter(ctx, brand, name, prepaid.Deed{
		Brand: brand, What: "remove printer", Kind: prepaid.OnCards, Object: name, Old: p.Key, By: by, At: s.c.Clock.Now(),
	})
}
