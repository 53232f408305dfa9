package topup

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strconv"

	"pulsa/prepaid"
)

// CheckAmount returns nil, ErrOutOfRange or ErrWrongStep.
func CheckAmount(b *prepaid.Brand, m prepaid.Money) error {
	r := b.Amounts
	if m.Currency != b.Currency || m.Minor <= 0 || m.Minor < r.Min.Minor || m.Minor > r.Max.Minor {
		return ErrOutOfRange
	}
	if r.Step.Minor > 0 && (m.Minor-r.Min.Minor)%r.Step.Minor != 0 {
		return ErrWrongStep
	}
	return nil
}

// checkRequest judges the recipient and the amount. What a top-up card is worth was decided when it was made, so
// the range of what may be bought says nothing about it.
func checkRequest(b *prepaid.Brand, r Request) error {
	if (r.MSISDN == "") == (r.Email == "") {
		return ErrRecipient
	}
	if r.Email != "" {
		if parsed, err := prepaid.ParseEmail(string(r.Email)); err != nil || parsed != r.Email {
			return prepaid.ErrNotAnAccount
		}
	}
	switch r.Funding.Kind {
	case ByCard:
		if r.Amount.Minor <= 0 || r.Amount.Currency != b.Currency {
			return ErrOutOfRange
		}
		return nil
	case ByDeveloper:
		return checkSale(r)
	}
	return CheckAmount(b, r.Amount)
}

// checkSale judges what the API has made of a request: what may be bought was up to the operator's offer.
func checkSale(r Request) error {
	s := r.Sale
	switch {
	case s == nil || r.Amount.Minor <= 0 || s.Price.Minor <= 0 || s.Discount.Minor < 0,
		s.Requested.Minor != s.Price.Minor+s.Discount.Minor,
		s.Requested.Currency != s.Price.Currency || s.Requested.Currency != s.Discount.Currency,
		s.Requested.Currency == r.Amount.Currency && s.Requested != r.Amount:
		return ErrOutOfRange
	}
	return nil
}

// requestHash identifies what was asked for, never how it was said: the text and the PIN are not in it.
// Lengths stand before the parts, so that no two requests run together into the same bytes.
func requestHash(r Request) string {
	h := sha256.New()
	parts := []string{
		r.Brand, string(r.MSISDN), strconv.FormatInt(r.Amount.Minor, 10), string(r.Amount.Currency),
		string(r.Funding.Kind), r.Funding.Ref,
	}
	if r.Email != "" { // so that the hashes of numbers' orders stay as they are stored
		parts = append(parts, string(r.Email))
	}
	if r.Sale != nil { // what it comes to may change with the rates; what was asked for does not
		parts = []string{r.Brand, string(r.Funding.Kind), r.Funding.Ref, r.Sale.Asked}
	}
	for _, part := range parts {
		var length [8]byte
		binary.BigEndian.PutUint64(length[:], uint64(len(part)))
		h.Write(length[:])
		h.Write([]byte(part))
	}
	return hex.EncodeToString(h.Sum(nil))
}
