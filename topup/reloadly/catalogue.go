package reloadly

import (
	"context"
	"errors"
	"fmt"

	"pulsa/prepaid"
	"pulsa/topup"
)

const (
	everywhere    = "" // of the countries' cache: the operators of all
	operatorSize  = 200
	operatorPages = 50 // Reloadly has some 1,000 operators
)

// Operators lists all that Reloadly tops up. The list is believed for a while.
func (c *Client) Operators(ctx context.Context) ([]Operator, error) {
	if all, ok := c.countries.get(everywhere); ok {
		return all, nil
	}
	var all []Operator
	for page := 1; page <= operatorPages; page++ {
		var p Page[Operator]
		path := fmt.Sprintf("/operators?page=%d&size=%d&includeBundles=true&includeData=true&includePin=true&includeCombo=true", page, operatorSize)
		if err := c.get(ctx, path, &p); err != nil {
			return nil, fmt.Errorf("list reloadly operators: %w", err)
		}
		all = append(all, p.Content...)
		if p.Last || len(p.Content) == 0 || page >= p.TotalPages {
			break
		}
	}
	c.countries.put(everywhere, all)
	return all, nil
}

// OperatorOf finds the operator of a number; topup.ErrUnknownNumber, topup.ErrNetworkDown.
func (c *Client) OperatorOf(ctx context.Context, m prepaid.MSISDN) (Operator, error) {
	o, err := c.operatorOf(ctx, m)
	var answered *Error
	switch {
	case err == nil:
		return o, nil
	case errors.As(err, &answered) && answered.unknownNumber():
		return o, topup.ErrUnknownNumber
	}
	return o, fmt.Errorf("%w: %w", topup.ErrNetworkDown, err)
}
