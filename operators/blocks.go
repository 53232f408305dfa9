package operators

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"pulsa/prepaid"
)

// BlockKind is a kind of what can be blocked.
type BlockKind string

// The kinds.
const (
	BlockNumber     BlockKind = "number"     // can't register, be topped up or buy
	BlockAddress    BlockKind = "address"    // of a sender on a channel: is answered with one neutral sentence
	BlockInstrument BlockKind = "instrument" // can't be set up or charged
	BlockIBAN       BlockKind = "IBAN"       // likewise
)

// BlockKinds lists all kinds.
func BlockKinds() []BlockKind {
	return []BlockKind{BlockNumber, BlockAddress, BlockInstrument, BlockIBAN}
}

// InstrumentName is what an instrument is blocked by: as its gateway shows it, kind and last digits, since that is all that every gateway tells
// of one that is set up anew.
func InstrumentName(gateway, display string) string { return gateway + "/" + display }

// Blocked is something to block. Its value is a pseudonym: nobody without the keys reads a number or an IBAN from it.
type Blocked struct {
	Kind  BlockKind
	Value string
	Shows string // masked: "+316****5678"
}

// Block is something that is blocked in a brand.
type Block struct {
	Brand string
	ID    string
	Batch string // of those that were blocked together
	Blocked
	prepaid.By
	At      time.Time
	Until   time.Time // zero: until somebody ends it
	EndedAt time.Time
}

// Active reports whether it is blocked at a time.
func (b Block) Active(now time.Time) bool {
	return b.EndedAt.IsZero() && (b.Until.IsZero() || now.Before(b.Until))
}

// BlockFilter says which blocks are listed.
type BlockFilter struct {
	Brand  string
	Kind   BlockKind // "" for all
	Batch  string    // "" for all
	Active bool
	Now    time.Time
	After  string // the id of the last of the page before; "" for the first page
	Limit  int
}

// BlockStore keeps blocks. Each method is one transaction.
type BlockStore interface {
	// AddBlocks stores those that are not blocked yet, and a deed, and returns how many they are.
	AddBlocks(ctx context.Context, all []Block, d prepaid.Deed) (int, error)
	// EndBlocks ends those of a batch, or one by its id, that are active, and returns how many they were. Its deed is written where there are any.
	EndBlocks(ctx context.Context, brand, batch, id string, now time.Time, d prepaid.Deed) (int, error)
	// Blocks lists blocks, the newest first.
	Blocks(ctx context.Context, f BlockFilter) ([]Block, error)
	// Block reads one; ErrNoBlock.
	Block(ctx context.Context, brand, id string) (Block, error)
	// CountBlocked counts those of these that are blocked now.
	CountBlocked(ctx context.Context, brand string, all []Blocked, now time.Time) (int, error)
}

// Refusals of blocks.
var (
	ErrNoBlock       = errors.New("there is no such block")
	ErrBlockedBefore = errors.New("all of it is blocked already")
	ErrBlockEnded    = errors.New("the block has ended already")
	ErrUntilPast     = errors.New("choose a time that is to come")
)

// MostBlocked is how much is blocked at once.
const MostBlocked = 5000

// AddBlocks blocks numbers, addresses, instruments or IBANs in a brand.
type AddBlocks struct {
	Brand string
	Batch string // drawn by whoever makes the operation
	All   []Blocked
	Until time.Time // zero: until somebody ends it
}

// Kind implements Operation.
func (AddBlocks) Kind() string { return "block" }

// Act implements Operation.
func (AddBlocks) Act(Actor) Act { return ActBlock }

// On implements Operation.
func (o AddBlocks) On() Object { return Object{Brand: o.Brand, Kind: prepaid.OnBlock, ID: o.Batch} }

// Plan implements Operation. Errors: ErrBlockedBefore, ErrUntilPast, *FieldError.
func (o AddBlocks) Plan(ctx context.Context, d *Desk) (Plan, error) {
	now := d.Clock.Now()
	switch {
	case len(o.All) == 0:
		return Plan{}, &FieldError{Field: "list", Err: errors.New("there is nothing to block in it")}
	case len(o.All) > MostBlocked:
		return Plan{}, &FieldError{Field: "list", Err: fmt.Errorf("block at most %d at once", MostBlocked)}
	case !o.Until.IsZero() && !now.Before(o.Until):
		return Plan{}, &FieldError{Field: "until", Err: ErrUntilPast}
	}
	before, err := d.Blocks.CountBlocked(ctx, o.Brand, o.All, now)
	if err != nil {
		return Plan{}, err
	}
	if before == len(o.All) {
		return Plan{}, ErrBlockedBefore
	}
	does := "Blocks " + o.counted()
	if before > 0 {
		does += fmt.Sprintf(", of which %d already blocked", before)
	}
	if !o.Until.IsZero() {
		does += " until " + stamp(o.Until)
	}
	return Plan{Does: does + ".", State: fmt.Sprintf("%d of them were blocked", before)}, nil
}

// counted says what is blocked: "+316****5678", "12 numbers, 1 IBAN".
func (o AddBlocks) counted() string {
	if len(o.All) == 1 {
		return "the " + string(o.All[0].Kind) + " " + o.All[0].Shows
	}
	var parts []string
	for _, kind := range BlockKinds() {
		n := 0
		for _, b := range o.All {
			if b.Kind == kind {
				n++
			}
		}
		switch n {
		case 0:
		case 1:
			parts = append(parts, "1 "+string(kind))
		default:
			parts = append(parts, fmt.Sprintf("%d %ss", n, kindPlural(kind)))
		}
	}
	return strings.Join(parts, ", ")
}

func kindPlural(k BlockKind) string {
	if k == BlockAddress {
		return "addresse"
	}
	return string(k)
}

// Carry implements Operation.
func (o AddBlocks) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	now := d.Clock.Now()
	all, shows := make([]Block, len(o.All)), make([]string, len(o.All))
	for i, b := range o.All {
		all[i] = Block{Brand: o.Brand, ID: prepaid.NewID[string](), Batch: o.Batch, Blocked: b, By: by, At: now, Until: o.Until}
		shows[i] = b.Shows
	}
	deed := prepaid.Deed{Brand: o.Brand, What: "block", Kind: prepaid.OnBlock, Object: o.Batch, New: o.deedSays(), By: by, At: now}
	deed.About = strings.Join(shows, "\n")
	added, err := d.Blocks.AddBlocks(ctx, all, deed)
	if err != nil {
		return Result{}, err
	}
	return Result{Text: fmt.Sprintf("%d blocked: every copy of the server knows within 5 seconds.", added), Undo: Unblock{Brand: o.Brand, Batch: o.Batch}}, nil
}

// deedSays tells how much was blocked, and until when, and of no customer.
func (o AddBlocks) deedSays() string {
	says := fmt.Sprintf("%d", len(o.All))
	if !o.Until.IsZero() {
		says += " until " + stamp(o.Until)
	}
	return says
}

// Unblock ends one block, or those that were made together.
type Unblock struct {
	Brand string
	Batch string // or
	ID    string
}

// Kind implements Operation.
func (Unblock) Kind() string { return "unblock" }

// Act implements Operation.
func (Unblock) Act(Actor) Act { return ActBlock }

// On implements Operation.
func (o Unblock) On() Object {
	return Object{Brand: o.Brand, Kind: prepaid.OnBlock, ID: o.Batch + o.ID}
}

// Plan implements Operation. Errors: ErrNoBlock, ErrBlockEnded.
func (o Unblock) Plan(ctx context.Context, d *Desk) (Plan, error) {
	if o.ID != "" {
		b, err := d.Blocks.Block(ctx, o.Brand, o.ID)
		switch {
		case err != nil:
			return Plan{}, err
		case !b.Active(d.Clock.Now()):
			return Plan{}, ErrBlockEnded
		}
		return Plan{Does: "Ends the block of the " + string(b.Kind) + " " + b.Shows + ".", State: "it was blocked"}, nil
	}
	all, err := d.Blocks.Blocks(ctx, BlockFilter{Brand: o.Brand, Batch: o.Batch, Active: true, Now: d.Clock.Now(), Limit: MostBlocked})
	switch {
	case err != nil:
		return Plan{}, err
	case len(all) == 0:
		return Plan{}, ErrBlockEnded
	}
	return Plan{Does: fmt.Sprintf("Ends %d blocks.", len(all)), State: fmt.Sprintf("%d were blocked", len(all))}, nil
}

// Carry implements Operation.
func (o Unblock) Carry(ctx context.Context, d *Desk, by prepaid.By) (Result, error) {
	now := d.Clock.Now()
	ended, err := d.Blocks.EndBlocks(ctx, o.Brand, o.Batch, o.ID, now, prepaid.Deed{
		Brand: o.Brand, What: "unblock", Kind: prepaid.OnBlock, Object: o.Batch + o.ID, By: by, At: now,
	})
	switch {
	case err != nil:
		return Result{}, err
	case ended == 0:
		return Result{}, ErrBlockEnded
	}
	return Result{Text: fmt.Sprintf("%d unblocked: every copy of the server knows within 5 seconds.", ended)}, nil
}
