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
	Reseller       string  // "": whom the file names
	Columns        Mapping // those with names that are not known
	CodeLength     int     // digits that every code has at least; 0: as many as the brand's
	AllowGuessable bool
	By             prepaid.By
}

// ImportSpec is which file an import takes over, and how it is read.
type ImportSpec struct {
	SHA256     string
	Reseller   string
	Columns    string `json:",omitempty"` // Mapping.String
	CodeLength int    `json:",omitempty"`
}

// ImportCheck is what an import of a file would do.
type ImportCheck struct {
	New, Activated, Expired, Void int64         // cards
	Worth                         prepaid.Money // of those that are new
}

// Cards is how many the file has.
func (c ImportCheck) Cards() int64 { return c.New + c.Activated + c.Expired + c.Void }

// maxMarks bounds how many codes (and as many serials) are kept in memory to find those that stand twice in a file. A
// file with more cards is read several times, see findDoubles.
const maxMarks = 200_000

// Import takes over the cards of a file, in state Generated: they are released for sale like others. Those that its column of
// statuses calls activated, expired or void are so from the start.
//
// The file is read several times: for its SHA-256, by which an interrupted job is found; to check every line, and that
// none stands twice, before any card is stored; and to store the cards, a chunk in each transaction. What is wrong with lines comes back as one *ImportError. Called
// again with the same file after an interruption, Import skips the check and resumes the job: the checksum shows that it
// is the file that was checked. Cards of an import that is not complete can't be released.
func (s *Service) Import(ctx context.Context, r ImportRequest, file io.ReadSeeker, p Progress) (Job, error) {
	in, err := s.importing(ctx, r, file)
	if err != nil {
		return Job{}, err
	}
	j, found, err := s.interruptedImport(ctx, r.Brand, in.spec.SHA256)
	if err != nil {
		return j, err
	}
	if begun := j.Spec.Import; found && *begun != in.spec {
		return Job{}, fmt.Errorf("the import of this file was begun with reseller %q, columns %q and codes of %d digits: go on with the same, and edit the cards afterwards",
			begun.Reseller, begun.Columns, begun.CodeLength)
	}
	if !found {
		check, err := in.checkAll(ctx, r, p)
		if err != nil {
			return j, err
		}
		j, err = s.start(ctx, Job{Brand: r.Brand, Kind: KindImport, Total: check.Cards(), Spec: Spec{Import: &in.spec}}, r.By)
		if err != nil {
			return j, err
		}
	}
	return in.storeAll(ctx, j, p)
}

// CheckImport tells what an import would do, and changes nothing. Errors are those of Import.
func (s *Service) CheckImport(ctx context.Context, r ImportRequest, file io.ReadSeeker, p Progress) (ImportCheck, error) {
	in, err := s.importing(ctx, r, file)
	if err != nil {
		return ImportCheck{}, err
	}
	return in.checkAll(ctx, r, p)
}

// importing reads a file once, for its checksum, and once more where there may be dates with slashes.
func (s *Service) importing(ctx context.Context, r ImportRequest, file io.ReadSeeker) (importing, error) {
	in := importing{s: s, now: s.c.Clock.Now(), file: file, columns: r.Columns}
	var err error
	if in.brand, err = s.brand(r.Brand); err != nil {
		return in, err
	}
	if r.CodeLength == 0 {
		r.CodeLength = in.brand.Cards.CodeLength
	}
	if r.CodeLength < minCodeLength || r.CodeLength > maxCodeLength {
		return in, fmt.Errorf("code length must be %d to %d digits", minCodeLength, maxCodeLength)
	}
	if err := s.checkReseller(ctx, r.Brand, r.Reseller); err != nil {
		return in, err
	}
	if in.resellers, err = s.resellersByName(ctx, r.Brand); err != nil {
		return in, err
	}
	if err := s.CheckKeys(ctx); err != nil {
		return in, err
	}
	if err := in.rewind(); err != nil {
		return in, err
	}
	sum, slash := sha256.New(), finder{what: '/'}
	if _, err := io.Copy(io.MultiWriter(sum, &slash), file); err != nil {
		return in, fmt.Errorf("read file: %w", err)
	}
	if slash.found {
		if in.order, err = in.readOrder(); err != nil {
			return in, err
		}
	}
	in.spec = ImportSpec{SHA256: hex.EncodeToString(sum.Sum(nil)), Reseller: r.Reseller, Columns: r.Columns.String(), CodeLength: r.CodeLength}
	return in, nil
}

// resellersByName are the names of a brand's resellers, by names and titles in small letters; a name counts for more than another's
// title.
func (s *Service) resellersByName(ctx context.Context, brand string) (map[string]string, error) {
	list, err := s.Resellers(ctx, brand)
	names := map[string]string{}
	for _, known := range list {
		names[strings.ToLower(known.Title)] = known.Name
	}
	for _, known := range list {
		names[strings.ToLower(known.Name)] = known.Name
	}
	return names, err
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
	s         *Service
	brand     *prepaid.Brand
	now       time.Time
	file      io.ReadSeeker
	spec      ImportSpec
	columns   Mapping
	resellers map[string]string // names, by names and titles in small letters
	order     dayOrder          // of its dates with slashes
}

// read hands each card of the file to each.
func (in importing) read(file io.Reader, wrong *ImportError, each func(printedCard) error) error {
	return readPrintFile(file, in.columns, wrong, each)
}

func (in importing) rewind() error {
	if _, err := in.file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read file again: %w", err)
	}
	return nil
}

// checkAll checks every line, and returns what there is, or an *ImportError. Cards that exist already are looked up a chunk at a
// time.
func (in importing) checkAll(ctx context.Context, r ImportRequest, progress Progress) (ImportCheck, error) {
	var (
		wrong   ImportError
		chunk   []Sealed
		lines   []int
		found   = ImportCheck{Worth: prepaid.Money{Currency: in.brand.Currency}}
		lengths = map[int]codesOfLength{}
	)
	checkChunk := func() error {
		err := in.checkTaken(ctx, chunk, lines, &wrong)
		chunk, lines = chunk[:0], lines[:0]
		progress.report(found.Cards(), 0)
		return err
	}
	if err := in.rewind(); err != nil {
		return found, err
	}
	err := in.read(in.file, &wrong, func(p printedCard) error {
		sealed, err := in.card(p, Job{CreatedAt: in.now})
		if err != nil {
			wrong.add(p.line, "%s", err)
			return nil
		}
		found.count(sealed.Card, in.now)
		if found.Cards() > maxQuantity {
			return fmt.Errorf("a file has %d cards at most: split it", maxQuantity)
		}
		code, _ := normalise(strings.TrimPrefix(p.code, "'"))
		lengths[len(code)] = lengths[len(code)].with(code, sealed.Card, in.now)
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
		err = in.findDoubles(found.Cards(), &wrong)
	}
	if err != nil {
		return found, err
	}
	slices.SortStableFunc(wrong.Lines, func(a, b LineError) int { return a.Line - b.Line })
	switch {
	case len(wrong.Lines) > 0:
		return found, &wrong
	case found.Cards() == 0:
		return found, errors.New("the file has no cards")
	}
	return found, in.checkLengths(ctx, r, lengths)
}

func (c *ImportCheck) count(card Card, now time.Time) {
	switch card.Shown(now) {
	case "activated":
		c.Activated++
	case "expired":
		c.Expired++
	case "void":
		c.Void++
	default:
		c.New++
		c.Worth.Minor += card.Amount.Minor
	}
}

// codesOfLength are a file's codes of one length.
type codesOfLength struct {
	unspent int64
	cards   int64
	rounded int64 // nothing but zeros stands behind their 15th digit
}

// keptDigits is how many digits of a number a spreadsheet keeps.
const keptDigits = 15

func (c codesOfLength) with(code string, card Card, now time.Time) codesOfLength {
	c.cards++
	if card.Shown(now) == string(ShownNew) {
		c.unspent++
	}
	if len(code) > keptDigits && strings.Trim(code[keptDigits:], "0") == "" {
		c.rounded++
	}
	return c
}

// checkLengths refuses codes that can be guessed, and those of which a spreadsheet has kept the first digits alone. Of a few cards
// one may end in a zero as it is.
func (in importing) checkLengths(ctx context.Context, r ImportRequest, lengths map[int]codesOfLength) error {
	for length, codes := range lengths {
		if codes.rounded == codes.cards && codes.cards >= 6 {
			return fmt.Errorf("every code of %d digits ends in zeros: a spreadsheet keeps %d digits of a number; %s", length, keptDigits, exportAnew)
		}
		if r.AllowGuessable {
			continue
		}
		if err := in.s.checkGuessable(ctx, in.brand, length, codes.unspent, in.now); err != nil {
			return err
		}
	}
	return nil
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
		err := in.read(in.file, new(ImportError), func(p printedCard) error {
			serial := strings.TrimPrefix(p.serial, "'")
			if _, _, ok := SplitSerial(serial); ok {
				note(&serials, serial, p.line)
			}
			if code, ok := normalise(strings.TrimPrefix(p.code, "'")); ok {
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
	err := in.read(whole, &wrong, func(printed printedCard) error {
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
