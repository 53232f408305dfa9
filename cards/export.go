package cards

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"filippo.io/age"
	"filippo.io/age/agessh"

	"pulsa/prepaid"
)

// ExportSpec says who may read a print file. Exactly one of Recipients and Plaintext is set.
type ExportSpec struct {
	Recipients []string // public keys that age encrypts to: age1…, or SSH's, ssh-ed25519 … and ssh-rsa …
	Plaintext  bool
	Name       string // of the file, for the record
}

// Check says what to change, if anything, before cards are chosen.
func (e ExportSpec) Check(by prepaid.By) error {
	switch {
	case e.Plaintext && len(e.Recipients) > 0:
		return errors.New("a print file is either encrypted to a recipient or plain text, not both")
	case e.Plaintext && by.Why == "":
		return errors.New("say why the codes are to stand in a file as plain text")
	case !e.Plaintext && len(e.Recipients) == 0:
		return errors.New("say to whom the print file is encrypted: the printer's public key, age1… or ssh-ed25519 …")
	}
	_, err := e.recipients()
	return err
}

func (e ExportSpec) recipients() ([]age.Recipient, error) {
	var all []age.Recipient
	for _, text := range e.Recipients {
		text = strings.TrimSpace(text)
		if strings.HasPrefix(strings.ToUpper(text), "AGE-SECRET-KEY-") || strings.Contains(text, "PRIVATE KEY-----") {
			return nil, errors.New("the recipient given is a secret key: give the public one that belongs to it, age1… or ssh-ed25519 …")
		}
		if kind, _, _ := strings.Cut(text, " "); strings.HasPrefix(kind, "ssh-") {
			r, err := agessh.ParseRecipient(text)
			if err != nil {
				return nil, fmt.Errorf("%q is no SSH key that age encrypts to: give a line of ssh-ed25519 or, of 2048 bits at least, ssh-rsa", text)
			}
			all = append(all, r)
			continue
		}
		some, err := age.ParseRecipients(strings.NewReader(text))
		if err != nil || len(some) != 1 {
			return nil, fmt.Errorf("%q is no recipient of age: age1… as age-keygen prints it, or the public key of SSH, ssh-ed25519 …", text)
		}
		all = append(all, some...)
	}
	return all, nil
}

// Exportable are the states of cards whose code may go to a print file.
func Exportable() []State { return []State{Generated, Live, Locked} }

// PreviewExport tells which cards an export would take: those that none has taken before, of complete batches.
// all must be set where the filter means every card.
func (s *Service) PreviewExport(ctx context.Context, f Filter, all bool) (Preview, error) {
	if f.open() && !all {
		return Preview{}, ErrOpen
	}
	if err := s.checkWhole(ctx, f.Batch); err != nil {
		return Preview{}, err
	}
	f.Whole, f.Unexported = true, true
	return s.preview(ctx, f, Exportable(), false)
}

// StartExport starts the export that was previewed.
func (s *Service) StartExport(ctx context.Context, p Preview, e ExportSpec, by prepaid.By) (Job, error) {
	if err := e.Check(by); err != nil {
		return Job{}, err
	}
	if p.Cards() == 0 {
		return Job{}, errors.New("there is no card to export: each is exported once, and none of a batch that is not complete")
	}
	if err := s.CheckKeys(ctx); err != nil {
		return Job{}, err
	}
	return s.start(ctx, Job{
		Brand: p.Filter.Brand, Kind: KindExport, Total: p.Cards(), Spec: Spec{Filter: &p.Filter, Export: &e},
	}, by)
}

// Exported is what a print file holds.
type Exported struct {
	Cards    int64
	Checksum string // SHA-256 of the lines before the last, in clear
}

// ResumeExport first marks the cards as exported by this job, then has deliver keep the file that write gives it:
// deliver returns nil only when the file is safe, and the job is done. Interrupted at any point, the job can be
// resumed and makes the file anew; no other export takes its cards meanwhile. Done, it never makes it again.
func (s *Service) ResumeExport(ctx context.Context, j Job, deliver func(write func(io.Writer) error) error, p Progress) (Job, Exported, error) {
	var made Exported
	if err := j.underWay(KindExport); err != nil {
		return j, made, err
	}
	j, err := s.claim(ctx, j, func(done, total int64) { p.report(done/2, total) }) // writing the file is the other half
	if err != nil {
		return j, made, err
	}
	err = deliver(func(w io.Writer) error {
		made, err = s.writePrintFile(ctx, j, w, func(done, total int64) { p.report((j.Done+done)/2, total) })
		return err
	})
	if err != nil {
		return j, made, fmt.Errorf("write print file: %w", err)
	}
	if err := s.c.Jobs.EndCardJob(ctx, j, JobDone, s.c.Clock.Now()); err != nil {
		return j, made, fmt.Errorf("end export: %w", err)
	}
	j.State = JobDone
	return j, made, nil
}

func (s *Service) claim(ctx context.Context, j Job, p Progress) (Job, error) {
	for more := true; more; {
		next, left, err := s.c.Codes.ClaimCards(ctx, Chunk{Job: j, Now: s.c.Clock.Now()}, *j.Spec.Filter, s.c.Chunk)
		if err != nil {
			return j, fmt.Errorf("mark cards as exported: %w", err)
		}
		j, more = next, left
		p.reportJob(j)
	}
	return j, nil
}

func (s *Service) writePrintFile(ctx context.Context, j Job, w io.Writer, p Progress) (Exported, error) {
	if j.Spec.Export.Plaintext {
		return s.writeCodes(ctx, j, w, p)
	}
	recipients, err := j.Spec.Export.recipients()
	if err != nil {
		return Exported{}, err
	}
	sealed, err := age.Encrypt(w, recipients...)
	if err != nil {
		return Exported{}, err
	}
	made, err := s.writeCodes(ctx, j, sealed, p)
	if err != nil {
		return made, err
	}
	return made, sealed.Close()
}

func (s *Service) writeCodes(ctx context.Context, j Job, w io.Writer, p Progress) (Exported, error) {
	b, err := s.brand(j.Brand)
	if err != nil {
		return Exported{}, err
	}
	file := newPrintWriter(b, w)
	for after, more := (Key{}), true; more; {
		sealed, err := s.c.Codes.ExportedCards(ctx, *j.Spec.Filter, j.ID, after, s.c.Chunk)
		if err != nil {
			return Exported{}, err
		}
		for _, c := range sealed {
			code, err := s.vault.open(c)
			if err != nil {
				return Exported{}, err
			}
			if err := file.add(c.Card, code); err != nil {
				return Exported{}, err
			}
			after = *serialKey(c.Card)
		}
		p.report(file.cards, j.Total)
		more = len(sealed) == s.c.Chunk
	}
	sum, err := file.end(w)
	return Exported{Cards: file.cards, Checksum: sum}, err
}
