package cards

import (
	"context"
	"time"

	"pulsa/prepaid"
)

// Sealed is a card with its code as it is stored.
type Sealed struct {
	Card
	MAC        []byte // HMAC-SHA256 of brand and code under the key of KeyVersion
	Ciphertext []byte // AES-256-GCM of the code, serial and brand as additional data
	KeyVersion int
	KeyCheck   []byte // tells the key of KeyVersion from others; empty where it was read
	// OldMACs are the code's under the other keys: a card that an older key has sealed may have it.
	OldMACs [][]byte
}

// Store keeps cards. Every method is one transaction. Here and below, what stores sealed cards stores none where the
// store knows their KeyVersion by another KeyCheck: *KeyError. Otherwise it knows it from then on.
type Store interface {
	// SaveCards stores cards and returns the indexes of those whose code (MAC) exists already; those are not
	// stored, the others are.
	SaveCards(ctx context.Context, cards []Sealed) (clashes []int, err error)
	// CardByMAC returns the card with one of the MACs (one per key version); ErrUnknown.
	CardByMAC(ctx context.Context, brand string, macs [][]byte) (Card, error)
	// CardBySerial returns the card; ErrUnknown.
	CardBySerial(ctx context.Context, brand, serial string) (Card, error)
	// ReserveCard moves a live, unexpired card to Reserved for the order, in one conditional UPDATE, and
	// reports whether the order has it, now or from before.
	ReserveCard(ctx context.Context, brand, serial string, o prepaid.OrderID, now time.Time) (bool, error)
}

// Releaser gives a reserved card back.
type Releaser interface {
	// ReleaseCard moves a card that the order has reserved back to Live, in one conditional UPDATE, and
	// reports whether the order no longer has it.
	ReleaseCard(ctx context.Context, brand, serial string, o prepaid.OrderID) (bool, error)
}

// Tries counts wrong codes. The transaction that spends a card sets all counts of its order's sender to zero, and ends
// their locks: AllTryKeys.
type Tries interface {
	// CardTries returns how many wrong codes in a row the keys (an address, a customer) have tried, the
	// largest of them, and until when they are locked.
	CardTries(ctx context.Context, brand string, keys []string) (wrong int, until time.Time, err error)
	// CountWrongCode adds one to each key, unless operationKey was counted before, and locks them until
	// lock(wrong) says, where that is not zero. It returns the largest count.
	CountWrongCode(ctx context.Context, brand string, keys []string, operationKey string, now time.Time, lock func(wrong int) time.Time) (wrong int, err error)
}

// Jobs keeps work on many cards, and its record. A job that another process has moved on in the meantime is
// ErrJobElsewhere, in every method here and below that takes a Chunk.
type Jobs interface {
	// StartCardJob stores a job, and the deed of who wants it. Of a generating one it first reserves as many consecutive serial numbers of the
	// series as cards are wanted, and returns the job with the first (from 1).
	StartCardJob(ctx context.Context, j Job, by prepaid.By) (Job, error)
	// CardJob returns a job; ErrNoJob.
	CardJob(ctx context.Context, id JobID) (Job, error)
	// CardJobs returns a brand's newest n jobs, newest first; with open set only those under way.
	CardJobs(ctx context.Context, brand string, open bool, n int) ([]Job, error)
	// EndCardJob moves a job that is under way to another state.
	EndCardJob(ctx context.Context, j Job, to JobState, now time.Time) error
	// CardAudit returns what a job has done, in order.
	CardAudit(ctx context.Context, id JobID) ([]Record, error)
}

// Batches stores new cards in great numbers.
type Batches interface {
	// SaveChunk stores all cards of a chunk of a generating or importing job, or none: then it returns the indexes
	// of those whose code exists already. A serial that is taken is ErrExists.
	SaveChunk(ctx context.Context, c Chunk, cards []Sealed) (clashes []int, err error)
	// Taken returns the indexes of those cards whose serial or code exists already.
	Taken(ctx context.Context, cards []Sealed) (serials, codes []int, err error)
	// CountCodes counts the codes of a length that cards have, and those of cards that are neither spent, void nor
	// expired: whoever guesses may hit any of them.
	CountCodes(ctx context.Context, brand string, codeLength int, now time.Time) (all, unspent int64, err error)
}

// KeyChecks tells which card keys are in use.
type KeyChecks interface {
	// CardKeys returns the check value of each key version that cards are sealed with, or were; it is empty where it is
	// not known, since the cards are older than check values are.
	CardKeys(ctx context.Context) (map[int][]byte, error)
	// CardOfKey returns any one card that is sealed under a key version; ErrUnknown.
	CardOfKey(ctx context.Context, version int) (Sealed, error)
	// SetCardKey stores the check value of a version where it is not known.
	SetCardKey(ctx context.Context, version int, check []byte) error
	// ForgetCardKey forgets a version, unless a card is sealed under it.
	ForgetCardKey(ctx context.Context, version int) error
}

// Shelf finds cards and changes them in great numbers.
type Shelf interface {
	// ListCards returns up to n cards that fit, beyond the key, if any.
	ListCards(ctx context.Context, f Filter, by Sort, descending bool, beyond *Key, n int) ([]Card, error)
	// CountCards counts those that fit, by state.
	CountCards(ctx context.Context, f Filter, by Group) ([]Count, error)
	// EditCards makes a change to the next n cards that fit, beyond Job.After, where their state allows it. It
	// returns the job afterwards, which is done where nothing is left.
	EditCards(ctx context.Context, c Chunk, f Filter, to Change, n int) (Job, error)
	// DeleteCards is the same for deletion: of cards that were never spent and are not being spent.
	DeleteCards(ctx context.Context, c Chunk, f Filter, n int) (Job, error)
}

// Codes hands out sealed codes.
type Codes interface {
	// ClaimCards marks the next n cards that fit, beyond Job.After, as exported by the job; those that another
	// export or import has marked, and spent and void ones, are left alone. It returns the job afterwards; its End is
	// the caller's to set.
	ClaimCards(ctx context.Context, c Chunk, f Filter, n int) (j Job, more bool, err error)
	// ExportedCards returns the next n cards that an export has marked, beyond a key.
	ExportedCards(ctx context.Context, f Filter, export JobID, beyond Key, n int) ([]Sealed, error)
	// CardsToRekey returns the next n cards of a brand beyond a serial that are sealed under another key version;
	// under any where the version is 0.
	CardsToRekey(ctx context.Context, brand string, version int, beyond string, n int) ([]Sealed, error)
	// CountToRekey counts them all.
	CountToRekey(ctx context.Context, brand string, version int) (int64, error)
	// RekeyCards stores MAC, ciphertext and key version of cards, spent ones too.
	RekeyCards(ctx context.Context, c Chunk, cards []Sealed) error
}

// Reports are sums over cards, and the resellers that they are about.
type Reports interface {
	// Redemptions sums up the cards spent in a span of time, by day (UTC) and group.
	Redemptions(ctx context.Context, brand string, during Span, by Group) ([]Redemption, error)
	// SaveReseller stores a new reseller, and the job, already done, that tells who created it and why, with its deed; ErrResellerExists.
	SaveReseller(ctx context.Context, r Reseller, j Job, by prepaid.By) error
	// Resellers returns a brand's resellers by name.
	Resellers(ctx context.Context, brand string) ([]Reseller, error)
	// WrongCodes counts the wrong codes that were tried at a brand since a time, by whomever.
	WrongCodes(ctx context.Context, brand string, since time.Time) (int64, error)
}
