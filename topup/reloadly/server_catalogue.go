package reloadly

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

func (s *Server) catalogueRoutes() {
	for pattern, h := range map[string]handler{
		"GET /operators":             s.operators,
		"GET /operators/{id}":        s.operator,
		"GET /operators/{id}/{more}": s.operatorMore,
		"GET /operators/auto-detect/phone/{phone}/countries/{iso}": s.detect,
		"GET /operators/mnp-lookup/phone/{phone}/countries/{iso}":  s.detect,
		"POST /operators/mnp-lookup/phone/{phone}/countries/{iso}": s.detect,
		"POST /operators/fx-rate":                                  s.fxRate,
		"POST /operators/{id}/fx-rate":                             s.fxRate,
		"GET /operators/commissions":                               nothing,
		"GET /countries":                                           s.countries,
		"GET /countries/{iso}":                                     s.country,
		"GET /promotions":                                          nothing,
		"GET /promotions/{id}":                                     notFound,
		"GET /promotions/operators/{id}":                           noList,
		"GET /promotions/country-codes/{iso}":                      noList,
		"GET /promotions/countries/{iso}":                          noList,
	} {
		s.mux.HandleFunc(pattern, s.account(h))
	}
}

// nothing is an empty page: we give no commissions and promote nothing.
func nothing(_ context.Context, _ string, r *http.Request) (any, error) {
	return paged([]struct{}{}, r.URL.Query().Get), nil
}

func noList(context.Context, string, *http.Request) (any, error) { return []struct{}{}, nil }

func notFound(context.Context, string, *http.Request) (any, error) {
	return nil, Refuse(http.StatusNotFound, "RESOURCE_NOT_FOUND", "Not found")
}

func (s *Server) operators(ctx context.Context, account string, r *http.Request) (any, error) {
	all, err := s.airtime.Operators(ctx, account)
	if err != nil {
		return nil, err
	}
	return paged(wanted(all, r.URL.Query().Get), r.URL.Query().Get), nil
}

// wanted drops the kinds of operators that a query excludes.
func wanted(all []Operator, query func(string) string) []Operator {
	fits := []Operator{}
	for _, o := range all {
		out := false
		for name, has := range map[string]bool{
			"includeBundles": o.Bundle, "includeData": o.Data, "includePin": o.PIN, "includeCombo": o.ComboProduct,
			"includeRange": o.DenominationType == denominationRange, "includeFixed": o.DenominationType == denominationFixed,
		} {
			out = out || has && query(name) == "false"
		}
		if !out {
			fits = append(fits, o)
		}
	}
	return fits
}

func (s *Server) find(ctx context.Context, account, id string) (Operator, error) {
	all, err := s.airtime.Operators(ctx, account)
	if err != nil {
		return Operator{}, err
	}
	for _, o := range all {
		if o.OperatorID.String() == id {
			return o, nil
		}
	}
	return Operator{}, Refuse(http.StatusNotFound, "RESOURCE_NOT_FOUND", "Operator not found for given id")
}

func (s *Server) operator(ctx context.Context, account string, r *http.Request) (any, error) {
	return s.find(ctx, account, r.PathValue("id"))
}

// operatorMore serves /operators/countries/{iso} and /operators/{id}/commissions, whose patterns overlap.
func (s *Server) operatorMore(ctx context.Context, account string, r *http.Request) (any, error) {
	if r.PathValue("id") != "countries" {
		return notFound(ctx, account, r)
	}
	all, err := s.airtime.Operators(ctx, account)
	if err != nil {
		return nil, err
	}
	fits := []Operator{}
	for _, o := range wanted(all, r.URL.Query().Get) {
		if strings.EqualFold(string(o.Country.ISOName), r.PathValue("more")) {
			fits = append(fits, o)
		}
	}
	return fits, nil
}

func (s *Server) detect(ctx context.Context, account string, r *http.Request) (any, error) {
	return s.airtime.Detect(ctx, account, Phone{
		CountryCode: Text(strings.ToUpper(r.PathValue("iso"))), Number: Text(r.PathValue("phone")),
	})
}

func (s *Server) fxRate(ctx context.Context, account string, r *http.Request) (any, error) {
	var request struct {
		OperatorID ID     `json:"operatorId"`
		Amount     Number `json:"amount"`
	}
	if err := read(r, &request); err != nil {
		return nil, err
	}
	id := r.PathValue("id")
	if id == "" {
		id = request.OperatorID.String()
	}
	o, err := s.find(ctx, account, id)
	switch {
	case err != nil:
		return nil, err
	case !request.Amount.Valid:
		return nil, invalid("amount is required")
	case !o.FX.Rate.Valid:
		return nil, Refuse(http.StatusInternalServerError, "FX_RATE_NOT_AVAILABLE", "The rate is not available")
	}
	return FXAnswer{
		ID: o.OperatorID, Name: o.Name, CurrencyCode: o.DestinationCurrencyCode,
		FXRate: Number{Value: request.Amount.Value.Mul(o.FX.Rate.Value), Valid: true},
	}, nil
}

func (s *Server) allCountries(ctx context.Context, account string) ([]Country, error) {
	all, err := s.airtime.Operators(ctx, account)
	if err != nil {
		return nil, err
	}
	list, seen := []Country{}, map[Text]bool{}
	for _, o := range all {
		if seen[o.Country.ISOName] {
			continue
		}
		seen[o.Country.ISOName] = true
		code := phonenumbers.GetCountryCodeForRegion(string(o.Country.ISOName))
		list = append(list, Country{
			ISOName: o.Country.ISOName, Name: o.Country.Name, CurrencyCode: o.DestinationCurrencyCode,
			CurrencyName: o.DestinationCurrencyCode, CurrencySymbol: o.DestinationCurrencyCode,
			CallingCodes: []string{"+" + strconv.Itoa(code)},
		})
	}
	return list, nil
}

func (s *Server) countries(ctx context.Context, account string, _ *http.Request) (any, error) {
	return s.allCountries(ctx, account)
}

func (s *Server) country(ctx context.Context, account string, r *http.Request) (any, error) {
	all, err := s.allCountries(ctx, account)
	for _, c := range all {
		if strings.EqualFold(string(c.ISOName), r.PathValue("iso")) {
			return c, nil
		}
	}
	if err == nil {
		_, err = notFound(ctx, account, r)
	}
	return nil, err
}
