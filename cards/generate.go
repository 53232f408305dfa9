package cards

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"pulsa/prepaid"
)

// GenerateRequest asks for new cards.
type GenerateRequest struct {
	Brand          string
	Amount         prepaid.Money
	Quantity       int
	Series         string
	CodeLength     int // 0: the brand's
	Reseller       string
	ExpiresAt      time.Time
	Live           bool // release them at once; only for test brands
	AllowGuessable bool
	By             prepaid.By `json:"-"` // kept with the job
	First          int64      // the number of the first serial; StartGenerate sets it
}

// maxRounds bounds how often codes that exist already are drawn anew. A request is refused where more than half of all
// codes would be taken, so that only a full code space needs so many.
const maxRounds = 100

// Generate is StartGenerate and ResumeGenerate, for what is not to be resumed.
func (s *Service) Generate(ctx context.Context, r GenerateRequest, made func(Card, prepaid.Secret) error) error {
	if r.By.Who == "" {
		r.By.Who = "program"
	}
	j, err := s.StartGenerate(ctx, r)
	if err != nil {
		return err
	}
	_, err = s.ResumeGenerate(ctx, j, made, nil)
	return err
}

// StartGenerate reserves the serials of new cards and returns the job that makes them, which is also their
// batch. A request that can't be met is refused with an error that says what to change.
func (s *Service) StartGenerate(ctx context.Context, r GenerateRequest) (Job, error) {
	b, err := s.brand(r.Brand)
	if err != nil {
		return Job{}, err
	}
	if r.CodeLength == 0 {
		r.CodeLength = b.Cards.CodeLength
	}
	now := s.c.Clock.Now()
	if err := r.check(b, now); err != nil {
		return Job{}, err
	}
	if err := s.checkReseller(ctx, r.Brand, r.Reseller); err != nil {
		return Job{}, err
	}
	taken, unspent, err := s.c.Batches.CountCodes(ctx, r.Brand, r.CodeLength, now)
	if err != nil {
		return Job{}, fmt.Errorf("count cards: %w", err)
	}
	if float64(taken+int64(r.Quantity)) > codeSpace(b, r.CodeLength)/2 {
		return Job{}, fmt.Errorf("code length must be more than %d digits for %s where %d have codes of that length already",
			r.CodeLength, HowMany(int64(r.Quantity), "card"), taken)
	}
	if !r.AllowGuessable {
		if err := guessable(b, r.CodeLength, unspent+int64(r.Quantity)); err != nil {
			return Job{}, err
		}
	}
	if err := s.CheckKeys(ctx); err != nil {
		return Job{}, err
	}
	return s.start(ctx, Job{Brand: r.Brand, Kind: KindGenerate, Total: int64(r.Quantity), Spec: Spec{Generate: &r}}, r.By)
}

// batchChunk is some cards with their codes, sealed and in clear.
type batchChunk struct {
	sealed []Sealed
	codes  []string
}

// ResumeGenerate makes what a job still lacks, and hands each card to made with its code, if made is not nil. A
// chunk is stored whole before any of it is handed over. An error of made ends it; what is stored by then
// stays, and the job can be resumed. Cards of a batch that is not complete can't be released or exported.
func (s *Service) ResumeGenerate(ctx context.Context, j Job, made func(Card, prepaid.Secret) error, p Progress) (Job, error) {
	if err := j.underWay(KindGenerate); err != nil {
		return j, err
	}
	b, err := s.brand(j.Brand)
	if err != nil {
		return j, err
	}
	draws := drawing{chunk: s.c.Chunk, vault: s.vault, random: newDigits(), length: j.Spec.Generate.CodeLength, check: b.Cards.Luhn}
	chunks := make(chan batchChunk) // the next is drawn and sealed while one is stored
	group, ctx := errgroup.WithContext(ctx)
	begun := j
	group.Go(func() error {
		defer close(chunks)
		return prepaid.Guard(func() error { return draws.all(ctx, begun, chunks) })
	})
	store := func() error {
		again := draws // its own source: the other goroutine reads the first
		again.random = newDigits()
		for chunk := range chunks {
			next, err := s.storeChunk(ctx, j, chunk, again)
			if err != nil {
				return fmt.Errorf("generate cards: %w", err)
			}
			j = next
			p.reportJob(j)
			if err := handOver(chunk, made); err != nil {
				return err
			}
		}
		return nil
	}
	group.Go(func() error { return prepaid.Guard(store) })
	err = group.Wait()
	return j, err
}

func handOver(chunk batchChunk, made func(Card, prepaid.Secret) error) error {
	if made == nil {
		return nil
	}
	for i, c := range chunk.sealed {
		if err := made(c.Card, prepaid.NewSecret(chunk.codes[i])); err != nil {
			return fmt.Errorf("hand over card %s: %w", c.Serial, err)
		}
	}
	return nil
}

// drawing makes codes for the cards of one batch.
type drawing struct {
	chunk  int // cards
	vault  vault
	random *bufio.Reader
	length int
	check  bool
}

// all sends what the job lacks, in chunks.
func (d drawing) all(ctx context.Context, j Job, chunks chan<- batchChunk) error {
	r := j.Spec.Generate
	for done := int(j.Done); done < r.Quantity; done += d.chunk {
		n := min(d.chunk, r.Quantity-done)
		chunk := batchChunk{sealed: make([]Sealed, n), codes: make([]string, n)}
		for i := range n {
			chunk.sealed[i].Card = r.card(done+i, j)
			if err := d.seal(chunk, i); err != nil {
				return err
			}
		}
		select {
		case chunks <- chunk:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// seal draws a code for card i of the chunk.
func (d drawing) seal(chunk batchChunk, i int) error {
	code, err := draw(d.random, d.length, d.check)
	if err != nil {
		return err
	}
	chunk.codes[i], chunk.sealed[i] = code, d.vault.seal(chunk.sealed[i].Card, code)
	return nil
}

// storeChunk stores all cards of a chunk or none, drawing again where a code exists already.
func (s *Service) storeChunk(ctx context.Context, j Job, chunk batchChunk, d drawing) (Job, error) {
	last := chunk.sealed[len(chunk.sealed)-1]
	step := Chunk{
		Job: j, Cards: int64(len(chunk.sealed)), First: chunk.sealed[0].Serial, Last: *serialKey(last.Card),
		Now: s.c.Clock.Now(), End: j.Done+int64(len(chunk.sealed)) == j.Total,
	}
	for range maxRounds {
		clashes, err := s.c.Batches.SaveChunk(ctx, step, chunk.sealed)
		if err != nil {
			return j, err
		}
		if len(clashes) == 0 {
			return step.Advanced(), nil
		}
		for _, i := range clashes {
			if err := d.seal(chunk, i); err != nil {
				return j, err
			}
		}
	}
	return j, fmt.Errorf("nearly all codes of %d digits are taken; choose a longer code", d.length)
}

// Serial is that of card n, counted from 0, of a request that was started.
func (r GenerateRequest) Serial(n int) string {
	return fmt.Sprintf("%s-%08d", r.Series, r.First+int64(n))
}

func (r GenerateRequest) card(n int, j Job) Card {
	c := Card{
		Serial: r.Serial(n), Brand: r.Brand, Series: r.Series, Amount: r.Amount, State: Generated, Reseller: r.Reseller,
		CreatedAt: j.CreatedAt, ExpiresAt: r.ExpiresAt, Batch: j.ID,
	}
	if r.Live {
		c.State = Live
	}
	return c
}

// Bounds of one request.
const (
	maxQuantity = 10_000_000
	maxSeries   = 10
)

func (r GenerateRequest) check(b *prepaid.Brand, now time.Time) error {
	switch {
	case r.Quantity < 1 || r.Quantity > maxQuantity:
		return fmt.Errorf("quantity must be 1 to %d", maxQuantity)
	case r.Amount.Minor <= 0:
		return errors.New("amount must be more than 0")
	case r.Amount.Currency != b.Currency:
		return fmt.Errorf("amount must be in %s", b.Currency)
	case !seriesFits(r.Series):
		return fmt.Errorf("series must be 1 to %d letters or digits", maxSeries)
	case r.CodeLength < minCodeLength || r.CodeLength > maxCodeLength:
		return fmt.Errorf("code length must be %d to %d digits", minCodeLength, maxCodeLength)
	case !r.ExpiresAt.IsZero() && !r.ExpiresAt.After(now):
		return errPast
	case r.Live && !b.Test:
		return errors.New("only cards of test brands can be live at once; release the others for sale once they are delivered")
	}
	return nil
}

func seriesFits(series string) bool {
	for _, r := range series {
		if (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return false
		}
	}
	return series != "" && len(series) <= maxSeries
}
