package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"pulsa/cards"
	"pulsa/cmd/pulsa/term"
)

type cardsExportCommand struct {
	forBrand
	cardFilter
	deed
	Recipient []string `help:"The printer's age recipient: age1…" placeholder:"AGE1…"`
	Out       string   `required:"" help:"The print file, which must not exist yet." placeholder:"FILE"`
	Plaintext bool     `help:"Write the codes in clear. Needs --reason."`
	All       bool     `help:"Export all cards of the brand."`
	Yes       bool     `help:"Do not ask."`
}

// Run implements the command.
func (c *cardsExportCommand) Run(ctx context.Context, e term.Env) error {
	d, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer d.close()
	by := c.who(e)
	filter, err := c.filter(d.brand)
	if err != nil {
		return err
	}
	out, err := newFile(c.Out)
	if err != nil {
		return err
	}
	spec := cards.ExportSpec{Recipients: c.Recipient, Plaintext: c.Plaintext, Name: out}
	if err := spec.Check(c.Reason); err != nil {
		return err
	}
	preview, err := d.PreviewExport(ctx, filter, c.All)
	if err != nil {
		return withFlag(err)
	}
	if err := d.announcePreview(ctx, preview, "export", c.Yes); err != nil {
		return err
	}
	job, err := d.StartExport(ctx, preview, spec, by, c.Reason)
	if err != nil {
		return err
	}
	return d.export(ctx, job, out)
}

// newFile is the full path of a file that does not exist yet, in a folder that does.
func newFile(path string) (string, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Lstat(full); err == nil {
		return "", fmt.Errorf("--out %s: there is such a file already; choose another name", path)
	}
	if info, err := os.Stat(filepath.Dir(full)); err != nil || !info.IsDir() {
		return "", fmt.Errorf("--out %s: there is no such folder", path)
	}
	return full, nil
}

// export runs an exporting job, from wherever it is. The file has its name only when it is whole and on disk.
func (d *cardDesk) export(ctx context.Context, j cards.Job, out string) error {
	d.announce(j)
	bar := d.Env.Progress("exporting")
	j, made, err := d.ResumeExport(ctx, j, func(write func(io.Writer) error) error { return keepFile(out, write) }, bar.Show)
	bar.End()
	if err != nil {
		return interrupted(ctx, j, err)
	}
	fmt.Fprintf(d.Stdout, "%s in %s, checksum %s (job %s).\n", cards.HowMany(made.Cards, "card"), out, made.Checksum, j.ID)
	return nil
}

// keepFile writes beside the file first. What an interrupted run has left there is removed.
func keepFile(out string, write func(io.Writer) error) (err error) {
	part := out + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := os.Rename(part, out); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	folder, err := os.Open(filepath.Dir(out))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
