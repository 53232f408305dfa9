package network

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"time"

	"pulsa/prepaid"
	"pulsa/topup"
)

// line is one line of the book: a credit as it stands from then on.
type line struct {
	Credit credit `json:"credit"`
}

type credit struct {
	NetworkRef string         `json:"network_ref"` // names the credit
	Reference  string         `json:"reference"`
	MSISDN     prepaid.MSISDN `json:"msisdn"`
	Email      prepaid.Email  `json:"email,omitempty"` // instead of the MSISDN
	Amount     prepaid.Money  `json:"amount"`
	Cost       prepaid.Money  `json:"cost"`
	PIN        bool           `json:"pin,omitempty"` // pinDetail tells it: the book holds no code
	Delivered  bool           `json:"delivered"`
	At         time.Time      `json:"at"` // when it is delivered, past or to come

	Failed string `json:"failed,omitempty"` // why it never is

	TakenBack   bool      `json:"taken_back,omitempty"`
	TakenBackAt time.Time `json:"taken_back_at,omitzero"` // when it is to be, where that is planned
	Untold      bool      `json:"untold,omitempty"`       // nobody has heard of it yet
}

// waits reports whether something is still to happen to the credit by itself.
func (c credit) waits() bool {
	return c.Failed == "" && (!c.Delivered || !c.TakenBack && !c.TakenBackAt.IsZero())
}

// write makes a credit durable and then true. Under mu.
func (n *Network) write(c credit) error {
	if err := n.book.Append(line{c}); err != nil {
		return err
	}
	n.apply(line{c})
	return nil
}

func (n *Network) apply(l line) {
	c := l.Credit
	number, ok := n.index[c.NetworkRef]
	if !ok {
		number = len(n.credits)
		n.index[c.NetworkRef] = number
		n.credits = append(n.credits, c)
	}
	n.credits[number] = c
	if _, ok := n.first[c.Reference]; !ok {
		n.first[c.Reference] = c.NetworkRef
	}
	if c.waits() {
		n.slow[number] = true
	} else {
		delete(n.slow, number)
	}
}

// ripen delivers the slow credits whose time has come, oldest request first, and takes back what is to be. Under mu.
func (n *Network) ripen() error {
	now := n.c.Clock.Now()
	for _, number := range slices.Sorted(maps.Keys(n.slow)) {
		before := n.credits[number]
		c := before
		c.Delivered = !c.At.After(now)
		if c.Delivered && !c.TakenBackAt.IsZero() && !c.TakenBackAt.After(now) {
			c.TakenBack, c.Untold = true, true
		}
		if c == before {
			continue
		}
		if err := n.write(c); err != nil {
			return err
		}
	}
	return nil
}

// discountPercent is what the network leaves us of each credit.
const discountPercent = 4

// cost is what a credit takes from our wallet, rounded half up.
func (n *Network) cost(amount prepaid.Money) prepaid.Money {
	cost := new(big.Rat).SetInt64(amount.Minor)
	cost.Mul(cost, big.NewRat(100-discountPercent, 100))
	wallet := amount.Currency
	if n.c.Currency != "" && n.c.Currency != amount.Currency {
		wallet = n.c.Currency
		if n.c.Rate > 0 {
			cost.Mul(cost, big.NewRat(n.c.Rate, 1_000_000))
		}
		cost.Mul(cost, power10(wallet.Decimals()-amount.Currency.Decimals()))
	}
	cost.Add(cost, big.NewRat(1, 2))
	return prepaid.Money{Minor: new(big.Int).Div(cost.Num(), cost.Denom()).Int64(), Currency: wallet}
}

// power10 is ten to the power of n, which may be negative.
func power10(n int) *big.Rat {
	ten := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(n, -n))), nil)
	if n < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), ten)
	}
	return new(big.Rat).SetInt(ten)
}

// Filter narrows what is counted; its zero fields fit everything.
type Filter struct {
	Reference string
	MSISDN    prepaid.MSISDN
	Amount    prepaid.Money
}

// Entry is one delivery in the book.
type Entry struct {
	Reference  string // the order's id
	MSISDN     prepaid.MSISDN
	Email      prepaid.Email // instead of the MSISDN
	Amount     prepaid.Money
	Cost       prepaid.Money // in the wallet's currency
	NetworkRef string
	PIN        *topup.PINDetail // where it was delivered as a code
	At         time.Time
}

func (f Filter) fits(c credit) bool {
	return (f.Reference == "" || f.Reference == c.Reference) && (f.MSISDN == "" || f.MSISDN == c.MSISDN) &&
		(f.Amount == prepaid.Money{} || f.Amount == c.Amount)
}

func (c credit) entry() Entry {
	e := Entry{Reference: c.Reference, MSISDN: c.MSISDN, Email: c.Email, Amount: c.Amount, Cost: c.Cost, NetworkRef: c.NetworkRef, At: c.At}
	if c.PIN {
		e.PIN = c.pinDetail()
	}
	return e
}

// pinDetail is the same whenever it is asked for.
func (c credit) pinDetail() *topup.PINDetail {
	sum := sha256.Sum256([]byte(c.NetworkRef))
	digits := func(from int) string { return fmt.Sprintf("%08d", binary.BigEndian.Uint32(sum[from:])%100_000_000) }
	return &topup.PINDetail{
		Code: prepaid.NewSecret(digits(0) + digits(4)), Serial: "SIM" + digits(8), Value: c.Amount.Number(),
		Info: [3]string{"Dial *101*", "the code", "#"}, IVR: "1901", Validity: "30 days",
	}
}

// Delivered lists what was delivered and not taken back, oldest request first.
func (n *Network) Delivered(f Filter) []Entry {
	var found []Entry
	for _, r := range n.Find(f) {
		if r.Delivered && !r.TakenBack {
			found = append(found, r.Entry)
		}
	}
	return found
}
