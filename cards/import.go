package cards

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"slices"
	"strings"
	"time"

	"pulsa/prepaid"
)

// ImportRequest asks for existing cards to be taken over from a print file.
type ImportRequest struct {
	Brand          string
	Reseller       string
	AllowGuessable bool
	By             prepaid.By
}

// ImportSpec is which file an import takes over.
type ImportSpec struct {
	SHA256   string
	Reseller string
}

// maxMarks bounds how many codes (and as many serials) are kept in memory to find those that stand twice in a file. A
// file with more cards is read several times, see findDoubles.
const maxMarks = 200_000

// Import takes over the cards of a file, in state Generated: they are released for sale like others.
//
// The file is read several times: for its SHA-256, by which an interrupted job is found; to check every line, and that
// none stands twice, before any card is stored; and to store the cards, a chunk in each transaction. What is wrong with lines comes back as one *ImportError. Called
// again with the same file after an interruption, Import skips the check and resumes the job: the checksum shows that it
// is the file that was checked. Cards of an import that is not complete can't be released.
func (s *Service) Import(ctx context.Context, r ImportRequest, file io.ReadSeeker, p Progress) (Job, error) {
	b, err := s.brand(r.Brand)
	if err != nil {
		return Job{}, err
	}
	if err := s.checkReseller(ctx, r.Brand, r.Reseller); err != nil {
		return Job{}, err
	}
	if err := s.CheckKeys(ctx); err != nil {
		return Job{}, err
	}
	in := importing{s: s, brand: b, now: s.c.Clock.Now(), file: file}
	sum := sha256.New()
	if err := in.rewind(); err != nil {
		return Job{}, err
	}
	if _, err := io.Copy(sum, file); err != nil {
		return Job{}, fmt.Errorf("read file: %w", err)
	}
	spec := ImportSpec{SHA256: hex.EncodeToString(sum.Sum(nil)), Reseller: r.Reseller}
	j, found, err := s.interruptedImport(ctx, r.Brand, spec.SHA256)
	if err != nil {
		return j, err
	}
	if found && j.Spec.Import.Reseller != r.Reseller {
		return Job{}, fmt.Errorf("the import of this file was begun with reseller %q: go on with that one, and edit the cards afterwards", j.Spec.Import.Reseller)
	}
	if !found {
		lengths, err := in.checkAll(ctx, p)
		if err != nil {
			return j, err
		}
		var total int64
		for length, n := range lengths {
			total += n
			if r.AllowGuessable {
				continue
			}
			if err := s.checkGuessable(ctx, b, length, n, in.now); err != nil {
				return j, err
			}
		}
		j, err = s.start(ctx, Job{Brand: r.Brand, Kind: KindImport, By: r.By.Who, Why: r.By.Why, Total: total, Spec: Spec{Import: &spec}})
		if err != nil {
			return j, err
		}
	}
	return in.storeAll(ctx, j, p)
}

func (s *Service) interruptedImport(ctx context.Context, brand, sum string) (Job, bool, error) {
	open, err := s.Jobs(ctx, brand, true)
	if err != nil {
		return Job{}, false, err
	}
	for _, j := range open {
		if j.State == UnderWay && j.Spec.Import != nil && j.Spec.Import.SHA256 == sum {
			return j, true, nil
		}
	}
	return Job{}, false, nil
}

// importing is one file that is read repeatedly.
type importing struct {
	s     *Service
	brand *prepaid.Brand
	now   time.Time
	file  io.ReadSeeker
}

func (in importing) rewind() error {
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read file again: %w", err)
	}
	return nil
}

// checkAll checks every line, and returns how many cards there are by the length of their codes, or an *ImportError. Cards
// that exist already are looked up a chunk at a time.
func (in importing) checkAll(ctx context.Context, progress Progress) (map[int]int64, error) {
	var (
		wrong   ImportError
		chunk   []Sealed
		lines   []int
		total   int64
		lengths = map[int]int64{}
	)
	checkChunk := func() error {
		err := in.checkTaken(ctx, chunk, lines, &wrong)
		chunk, lines = chunk[:0], lines[:0]
		progress.report(total, 0)
		return err
	}
	if err := in.rewind(); err != nil {
		return nil, err
	}
	err := readPrintFile(in.file, &wrong, func(p printedCard) error {
		sealed, err := in.card(p, Job{CreatedAt: in.now})
		if err != nil {
			wrong.add(p.line, "%s", err)
			return nil
		}
		if total++; total > maxQuantity {
			return fmt.Errorf("a file has %d cards at most: split it", maxQuantity)
		}
		code, _ := normalise(p.code)
		lengths[len(code)]++
		chunk, lines = append(chunk, sealed), append(lines, p.line)
		if len(chunk) == in.s.c.Chunk {
			return checkChunk()
		}
		return nil
	})
	if err == nil {
		err = checkChunk()
	}
	if err == nil {
		err = in.findDoubles(total, &wrong)
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(wrong.Lines, func(a, b LineError) int { return a.Line - b.Line })
	switch {
	case len(wrong.Lines) > 0:
		return nil, &wrong
	case total == 0:
		return nil, errors.New("the file has no cards")
	}
	return lengths, nil
}

// mark is the hash of a code or serial, and the line that it stands on.
type mark struct {
	hash uint64
	line uint32
}

// findDoubles adds to wrong the lines whose code or serial stands on an earlier line as well. It sorts hashes instead of
// keeping all texts: 16 bytes each. A file with more than maxMarks cards is read once for each part of the hashes
// (those with the same remainder), so that memory stays bounded however long the file is. The hash is seeded at random,
// so two different codes with equal hashes would be a fault that goes away when the file is imported again.
func (in importing) findDoubles(total int64, wrong *ImportError) error {
	parts := uint64(total/maxMarks + 1)
	seed, room := maphash.MakeSeed(), total/int64(parts)
	serials, codes := make([]mark, 0, room+room/8), make([]mark, 0, room+room/8)
	for part := range parts {
		serials, codes = serials[:0], codes[:0]
		note := func(marks *[]mark, text string, line int) {
			if hash := maphash.String(seed, text); hash%parts == part {
				*marks = append(*marks, mark{hash, uint32(line)})
			}
		}
		if err := in.rewind(); err != nil {
			return err
		}
		err := readPrintFile(in.file, new(ImportError), func(p printedCard) error {
			if _, _, ok := SplitSerial(p.serial); ok {
				note(&serials, p.serial, p.line)
			}
			if code, ok := normalise(p.code); ok {
				note(&codes, code, p.line)
			}
			return nil
		})
		if err != nil {
			return err
		}
		reportDoubles(codes, "code", wrong)
		reportDoubles(serials, "serial", wrong)
	}
	return nil
}

// checkTaken adds to wrong the lines of a chunk whose serial or code belongs to a card that exists already.
func (in importing) checkTaken(ctx context.Context, chunk []Sealed, lines []int, wrong *ImportError) error {
	serials, codes, err := in.s.c.Batches.Taken(ctx, chunk)
	if err != nil {
		return fmt.Errorf("look for cards that exist: %w", err)
	}
	for _, i := range serials {
		wrong.add(lines[i], "a card with serial %s exists already", chunk[i].Serial)
	}
	for _, i := range codes {
		if !slices.Contains(serials, i) { // one reason is enough
			wrong.add(lines[i], "a card with this code exists already")
		}
	}
	return nil
}

// reportDoubles sorts the marks by hash and line, and adds each line to wrong that has the hash of the one before it.
func reportDoubles(marks []mark, what string, wrong *ImportError) {
	slices.SortFunc(marks, func(a, b mark) int {
		switch {
		case a.hash < b.hash:
			return -1
		case a.hash > b.hash:
			return 1
		}
		return int(a.line) - int(b.line)
	})
	for i := 1; i < len(marks); i++ {
		if marks[i].hash == marks[i-1].hash {
			wrong.add(int(marks[i].line), "has the same %s as line %d", what, marks[i-1].line)
		}
	}
}

// card reads one line and seals its code. Its errors quote nothing of the line: where columns were mixed up, any of them
// may be a code.
func (in importing) card(p printedCard, j Job) (Sealed, error) {
	series, _, ok := SplitSerial(p.serial)
	if !ok {
		return Sealed{}, fmt.Errorf("serial must be a series, a dash and up to %d digits: 101-00000042", maxDigits)
	}
	code, ok := normalise(p.code)
	switch {
	case !ok:
		return Sealed{}, fmt.Errorf("code must be %d to %d digits", minCodeLength, maxCodeLength)
	case in.brand.Cards.Luhn && !Luhn(code):
		return Sealed{}, errors.New("code must end in its check digit")
	}
	amount, err := prepaid.ParseMoney(p.amount, in.brand.Currency)
	switch {
	case err != nil:
		return Sealed{}, fmt.Errorf("amount: %w; write it like 7.50", err)
	case amount.Minor <= 0:
		return Sealed{}, errors.New("amount must be more than 0")
	case p.currency != "" && !strings.EqualFold(p.currency, string(in.brand.Currency)):
		return Sealed{}, fmt.Errorf("currency must be %s", in.brand.Currency)
	}
	c := Card{Serial: p.serial, Brand: in.brand.Name, Series: series, Amount: amount, State: Generated, CreatedAt: j.CreatedAt, Batch: j.ID, Export: j.ID}
	if j.Spec.Import != nil {
		c.Reseller = j.Spec.Import.Reseller
	}
	if p.expires != "" {
		if c.ExpiresAt, err = in.brand.ParseExpiry(p.expires); err != nil {
			return Sealed{}, fmt.Errorf("valid through: %w", err)
		}
		if !c.ExpiresAt.After(j.CreatedAt) {
			return Sealed{}, errPast
		}
	}
	return in.s.vault.seal(c, code), nil
}

var errFileChanged = errors.New("the file has changed since it was checked: its cards are not complete, and can be deleted as a batch")

// storeAll stores the cards that the job has not stored yet. The last chunk is stored only after the whole file was read
// and its checksum is that of the file that was checked: an import of a file that changed meanwhile is never complete,
// so none of its cards can be released.
func (in importing) storeAll(ctx context.Context, j Job, p Progress) (Job, error) {
	if err := in.rewind(); err != nil {
		return j, err
	}
	sum := sha256.New()
	whole := io.TeeReader(in.file, sum)
	var wrong ImportError
	var chunk []Sealed
	skip := j.Done
	err := readPrintFile(whole, &wrong, func(printed printedCard) error {
		if skip > 0 {
			skip--
			return nil
		}
		if len(chunk) == in.s.c.Chunk {
			next, err := in.store(ctx, j, chunk)
			if err != nil {
				return err
			}
			j, chunk = next, nil
			p.reportJob(j)
		}
		sealed, err := in.card(printed, j)
		chunk = append(chunk, sealed)
		return err
	})
	if err != nil {
		return j, fmt.Errorf("import cards: %w", err)
	}
	if _, err := io.Copy(io.Discard, whole); err != nil { // what follows the line of totals
		return j, fmt.Errorf("read file: %w", err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != j.Spec.Import.SHA256 || len(chunk) == 0 {
		return j, errFileChanged
	}
	j, err = in.store(ctx, j, chunk)
	if err != nil {
		return j, fmt.Errorf("import cards: %w", err)
	}
	p.reportJob(j)
	return j, nil
}

// store stores one chunk and returns the job after it.
func (in importing) store(ctx context.Context, j Job, chunk []Sealed) (Job, error) {
	last := chunk[len(chunk)-1]
	step := Chunk{
		Job: j, Cards: int64(len(chunk)), First: chunk[0].Serial, Last: *serialKey(last.Card), Now: in.s.c.Clock.Now(),
		End: j.Done+int64(len(chunk)) == j.Total,
	}
	clashes, err := in.s.c.Batches.SaveChunk(ctx, step, chunk)
	if err == nil && len(clashes) > 0 {
		err = fmt.Errorf("card %s: %w", chunk[clashes[0]].Serial, ErrExists)
	}
	if err != nil {
		return j, err
	}
	return step.Advanced(), nil
}
