package developers

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"pulsa/prepaid"
	"pulsa/topup"
	"pulsa/topup/reloadly"
)

// Operators implements reloadly.Airtime.
func (s *Service) Operators(ctx context.Context, account string) ([]reloadly.Operator, error) {
	k, terms, err := s.key(ctx, account)
	if err != nil {
		return nil, err
	}
	all, err := s.catalogue(ctx, k.Brand)
	if err != nil {
		return nil, err
	}
	shown := make([]reloadly.Operator, len(all))
	for i, o := range all {
		shown[i] = terms.shown(o, k.Balance.Currency)
	}
	return shown, nil
}

// catalogue lists what a brand's network sells. That it does not answer is not the developer's to read about.
func (s *Service) catalogue(ctx context.Context, brand string) ([]reloadly.Operator, error) {
	all, err := s.c.Catalogue(brand).Operators(ctx)
	if err != nil {
		s.c.Log.WarnContext(ctx, "operators not read", "brand", brand, "error", err)
		return nil, reloadly.RefuseCode("SERVICE_UNAVAILABLE")
	}
	return all, nil
}

// Detect implements reloadly.Airtime.
func (s *Service) Detect(ctx context.Context, account string, p reloadly.Phone) (reloadly.Operator, error) {
	k, terms, err := s.key(ctx, account)
	if err != nil {
		return reloadly.Operator{}, err
	}
	all, err := s.catalogue(ctx, k.Brand)
	if err != nil {
		return reloadly.Operator{}, err
	}
	if !serves(all, p.CountryCode) {
		return reloadly.Operator{}, reloadly.RefuseCode("COUNTRY_NOT_SUPPORTED")
	}
	m, err := p.MSISDN()
	if err != nil {
		return reloadly.Operator{}, reloadly.RefuseCode(topup.CodeNoOperator)
	}
	o, err := operatorOf(ctx, s.c.Catalogue(k.Brand), m)
	if errors.Is(err, topup.ErrUnknownNumber) {
		err = reloadly.RefuseCode(topup.CodeNoOperator)
	}
	return terms.shown(o, k.Balance.Currency), err
}

func serves(all []reloadly.Operator, country reloadly.Text) bool {
	for _, o := range all {
		if strings.EqualFold(string(o.Country.ISOName), string(country)) {
			return true
		}
	}
	return false
}

// operatorOf finds a number's operator: topup.ErrUnknownNumber, or OPERATOR_UNAVAILABLE while the network does not tell,
// or there is none.
func operatorOf(ctx context.Context, c Catalogue, m prepaid.MSISDN) (reloadly.Operator, error) {
	if c == nil {
		return reloadly.Operator{}, reloadly.RefuseCode(topup.CodeUnavailable)
	}
	o, err := c.OperatorOf(ctx, m)
	switch {
	case err == nil, errors.Is(err, topup.ErrUnknownNumber):
		return o, err
	case errors.Is(err, topup.ErrNetworkDown):
		return o, reloadly.RefuseCode(topup.CodeUnavailable)
	}
	return o, fmt.Errorf("find operator of number: %w", err)
}

// Transactions implements reloadly.Airtime.
func (s *Service) Transactions(ctx context.Context, account string, f reloadly.Filter) ([]reloadly.Transaction, int, error) {
	found, total, err := s.c.Sales.Sales(ctx, account, f)
	if err != nil {
		return nil, 0, err
	}
	page := make([]reloadly.Transaction, len(found))
	for i, h := range found {
		if page[i], err = s.transaction(ctx, h); err != nil {
			return nil, 0, err
		}
	}
	return page, total, nil
}
