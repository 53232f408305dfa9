package cards_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"pulsa/cards"
	"pulsa/prepaid"
)

// memory stores what an import stores, for fuzzing the reader of print files: no card stands in it before.
type memory struct {
	cards.KeyChecks
	cards.Jobs
	cards.Batches
	cards.Reports
	stored int64
	job    cards.Job
}

func (*memory) Resellers(context.Context, string) ([]cards.Reseller, error) { return nil, nil }

func (*memory) CardKeys(context.Context) (map[int][]byte, error) { return nil, nil }

func (*memory) CardJobs(context.Context, string, bool, int) ([]cards.Job, error) { return nil, nil }

func (m *memory) StartCardJob(_ context.Context, j cards.Job, _ prepaid.By) (cards.Job, error) {
	m.job = j
	return j, nil
}

func (*memory) Taken(context.Context, []cards.Sealed) (serials, codes []int, err error) {
	return nil, nil, nil
}

func (*memory) CountCodes(context.Context, string, int, time.Time) (all, unspent int64, err error) {
	return 0, 0, nil
}

func (m *memory) SaveChunk(_ context.Context, c cards.Chunk, sealed []cards.Sealed) ([]int, error) {
	m.stored += int64(len(sealed))
	m.job = c.Advanced()
	return nil, nil
}

// FuzzImport reads files as an import does, without a database: a file is stored whole or not at all.
func FuzzImport(f *testing.F) {
	for _, file := range []string{
		"serial,code,amount\n101-1,11111111111111,10\n",
		"serial,code,amount,currency,expires\r\n101-1,11111111111111,10.00,EUR,2027-12-31\r\n101-2,22222222222222,10.00,EUR,\r\n",
		"\xef\xbb\xbfserial,code,amount,expires\n\"101-1\",1,10,x\ntotal,1,sha256,,",
		"\xff\xfes\x00e\x00r\x00i\x00a\x00l\x00;\x00c\x00o\x00d\x00e\x00\n\x00",
		"sep=;\nStatus;Serial Number;Amount;PIN Code;Reseller;Activated;Created on\nnew;101-1;10,00;=\"01111111111111\";;;2026-01-01 10:00:00\n;;;;;;\n",
	} {
		f.Add(file)
	}
	brand := &prepaid.Brand{Name: "demo", Currency: "EUR", Cards: prepaid.CardFormat{CodeLength: 14}}
	f.Fuzz(func(t *testing.T, text string) {
		m := &memory{}
		s, err := cards.New(cards.Config{
			Jobs: m, Batches: m, KeyChecks: m, Reports: m, Clock: prepaid.NewVirtualClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)),
			Brands: prepaid.NewBrands(brand), Keys: prepaid.NewKeyring(map[int]prepaid.Secret{1: prepaid.NewSecret(strings.Repeat("k", 32))}), Chunk: 2,
		})
		if err != nil {
			t.Fatal(err)
		}
		j, err := s.Import(t.Context(), cards.ImportRequest{Brand: "demo", By: prepaid.By{Who: "ann"}, AllowGuessable: true}, strings.NewReader(text), nil)
		switch {
		case err != nil && m.stored > 0:
			t.Errorf("%d cards are stored of a file that is refused: %v", m.stored, err)
		case err == nil && (j.State != cards.JobDone || j.Total == 0 || m.stored != j.Total || m.job.Done != j.Total):
			t.Errorf("%d cards are stored by %+v", m.stored, j)
		}
	})
}
