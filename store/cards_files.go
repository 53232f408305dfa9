package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jmoiron/sqlx"

	"pulsa/cards"
	"pulsa/prepaid"
)

// CardFiles keeps sealed files of cards, and the printers that they are sealed to.
type CardFiles struct{ *core }

var (
	_ cards.Files    = CardFiles{}
	_ cards.Printers = CardFiles{}
)

var (
	fileTable    = newTable[cards.PrintFile]("card_files", nil)
	printerTable = newTable[cards.Printer]("card_printers", nil)
)

// AddFilePart implements cards.Files.
func (db CardFiles) AddFilePart(ctx context.Context, file string, part int, data []byte, now time.Time) error {
	_, err := exec(ctx, db.writer, `INSERT INTO card_file_parts (file, part, made_at, data) VALUES (?, ?, ?, ?)`, file, part, prepaid.Micros(now), data)
	if err != nil {
		return fmt.Errorf("keep part of a file: %w", err)
	}
	return nil
}

// FilePart implements cards.Files.
func (db CardFiles) FilePart(ctx context.Context, file string, part int) ([]byte, error) {
	var data []byte
	found, err := get(ctx, db.reader, &data, `SELECT data FROM card_file_parts WHERE file = ? AND part = ?`, file, part)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read part of a file: %w", err)
	case !found:
		return nil, cards.ErrNoFile
	}
	return data, nil
}

// DropFile implements cards.Files.
func (db CardFiles) DropFile(ctx context.Context, file string) error {
	_, err := exec(ctx, db.writer, `DELETE FROM card_file_parts WHERE file = ?`, file)
	return err
}

// EndExport implements cards.Files.
func (db CardFiles) EndExport(ctx context.Context, j cards.Job, f cards.PrintFile) error {
	return db.writeRetrying(ctx, "end export", func(tx *sqlx.Tx) error {
		if err := endJob(ctx, tx, j, cards.JobDone, f.MadeAt); err != nil {
			return err
		}
		_, err := fileTable.insert(ctx, tx, f, "")
		return err
	})
}

// PrintFile implements cards.Files.
func (db CardFiles) PrintFile(ctx context.Context, brand string, job cards.JobID) (cards.PrintFile, error) {
	f, found, err := fileTable.get(ctx, db.reader, `WHERE brand = ? AND job = ?`, brand, job)
	switch {
	case err != nil:
		return f, fmt.Errorf("print file: %w", err)
	case !found:
		return f, cards.ErrNoFile
	}
	return f, nil
}

// FetchPrintFile implements cards.Files.
func (db CardFiles) FetchPrintFile(ctx context.Context, f cards.PrintFile, d prepaid.Deed) error {
	return db.write(ctx, "fetch print file", func(tx *sqlx.Tx) error {
		rows, err := exec(ctx, tx, `UPDATE card_files SET fetched_at = ? WHERE brand = ? AND job = ? AND gone_at = 0`, prepaid.Micros(f.FetchedAt), f.Brand, f.Job)
		if err == nil && rows == 0 {
			err = cards.ErrNoFile
		}
		if err != nil {
			return err
		}
		return recordDeed(ctx, tx, d)
	})
}

// DropPrintFile implements cards.Files.
func (db CardFiles) DropPrintFile(ctx context.Context, f cards.PrintFile, d prepaid.Deed) error {
	return db.write(ctx, "drop print file", func(tx *sqlx.Tx) error {
		if err := dropPrintFile(ctx, tx, f); err != nil {
			return err
		}
		return recordDeed(ctx, tx, d)
	})
}

func dropPrintFile(ctx context.Context, tx *sqlx.Tx, f cards.PrintFile) error {
	rows, err := exec(ctx, tx, `UPDATE card_files SET gone_at = ? WHERE brand = ? AND job = ? AND gone_at = 0`, prepaid.Micros(f.GoneAt), f.Brand, f.Job)
	if err == nil && rows == 0 {
		err = cards.ErrNoFile
	}
	if err != nil {
		return err
	}
	_, err = exec(ctx, tx, `DELETE FROM card_file_parts WHERE file = ?`, f.File)
	return err
}

// ForgetFiles implements cards.Files.
func (db CardFiles) ForgetFiles(ctx context.Context, before, now time.Time, n int) (int, error) {
	old, err := fileTable.list(ctx, db.reader, `WHERE gone_at = 0 AND made_at < ? ORDER BY made_at LIMIT ?`, prepaid.Micros(before), n)
	if err != nil {
		return 0, fmt.Errorf("forget files: %w", err)
	}
	for _, f := range old {
		f.GoneAt = now
		if err := db.write(ctx, "forget file", func(tx *sqlx.Tx) error { return dropPrintFile(ctx, tx, f) }); err != nil {
			return 0, err
		}
	}
	rows, err := exec(ctx, db.writer, `
		DELETE FROM card_file_parts WHERE (file, part) IN (SELECT file, part FROM card_file_parts WHERE made_at < ? ORDER BY made_at LIMIT ?)`,
		prepaid.Micros(before), n)
	return len(old) + int(rows), err
}

// AddPrinter implements cards.Printers.
func (db CardFiles) AddPrinter(ctx context.Context, p cards.Printer, d prepaid.Deed) error {
	return db.write(ctx, "add printer", func(tx *sqlx.Tx) error {
		rows, err := printerTable.insert(ctx, tx, p, `ON CONFLICT (brand, name) DO NOTHING`)
		if err == nil && rows == 0 {
			err = cards.ErrPrinterExists
		}
		if err != nil {
			return err
		}
		return recordDeed(ctx, tx, d)
	})
}

// RemovePrinter implements cards.Printers.
func (db CardFiles) RemovePrinter(ctx context.Context, brand, name string, d prepaid.Deed) error {
	return db.write(ctx, "remove printer", func(tx *sqlx.Tx) error {
		rows, err := exec(ctx, tx, `DELETE FROM card_printers WHERE brand = ? AND name = ?`, brand, name)
		if err == nil && rows == 0 {
			err = cards.ErrNoPrinter
		}
		if err != nil {
			return err
		}
		return recordDeed(ctx, tx, d)
	})
}

// Printers implements cards.Printers.
func (db CardFiles) Printers(ctx context.Context, brand string) ([]cards.Printer, error) {
	all, err := printerTable.list(ctx, db.reader, `WHERE brand = ? ORDER BY name`, brand)
	if err != nil {
		return nil, fmt.Errorf("printers: %w", err)
	}
	return all, nil
}
