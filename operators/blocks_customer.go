package operators

import (
	"context"

	"pulsa/payments"
	"pulsa/prepaid"
)

// InstrumentReader reads ways to pay: payments.Store has it.
type InstrumentReader interface {
	Instrument(ctx context.Context, id prepaid.InstrumentID) (payments.Instrument, error)
}

// BlocksOf is what there is of a kind to block of a customer: their number, their way to pay (and its IBAN where they have texted it), or the
// addresses that they write from. Errors: accounts.ErrNoCustomer; ErrNoInstrument.
func (d *Desk) BlocksOf(ctx context.Context, brand string, id prepaid.CustomerID, k BlockKind) ([]Blocked, error) {
	c, err := d.Customers.byID(ctx, brand, id)
	if err != nil {
		return nil, err
	}
	switch k {
	case BlockInstrument, BlockIBAN:
		if c.Pays.ID == "" {
			return nil, ErrNoInstrument
		}
		i, err := d.Instruments.Instrument(ctx, c.Pays.ID)
		if err != nil {
			return nil, err
		}
		by := Blocked{Kind: BlockInstrument, Value: i.FingerprintDigest, Shows: i.Display}
		if by.Value == "" {
			by.Value = d.BlockValue(BlockInstrument, brand, InstrumentName(i.Gateway, i.Display))
		}
		if i.IBANDigest == "" {
			return []Blocked{by}, nil
		}
		return []Blocked{by, {Kind: BlockIBAN, Value: i.IBANDigest, Shows: i.Display}}, nil
	case BlockAddress:
		known, err := d.Customers.Addresses.AddressesOf(ctx, c.ID)
		var all []Blocked
		for _, a := range placesOf(c, known) {
			all = append(all, Blocked{Kind: BlockAddress, Value: d.BlockValue(BlockAddress, brand, string(a)), Shows: a.Masked()})
		}
		return all, err
	}
	return []Blocked{{Kind: BlockNumber, Value: d.BlockValue(BlockNumber, brand, string(c.MSISDN)), Shows: c.MSISDN.Masked()}}, nil
}
