package reloadly

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
	"github.com/shopspring/decimal"

	"pulsa/prepaid"
)

// noPromotions is an empty page: we promote nothing.
func noPromotions(_ context.Context, _ string, r *http.Request) (any, error) {
	page, size, err := pageOf(r.URL.Query())
	return pageFor([]Promotion{}, 0, page, size), err
}

func noList(context.Context, string, *http.Request) (any, error) { return []Promotion{}, nil }

func notFound(context.Context, string, *http.Request) (any, error) {
	return nil, RefuseCode("RESOURCE_NOT_FOUND")
}

func (s *Server) commissions(ctx context.Context, account string, r *http.Request) (any, error) {
	page, size, err := pageOf(r.URL.Query())
	if err != nil {
		return nil, err
	}
	all, err := s.airtime.Operators(ctx, account)
	content := []Discount{}
	for _, o := range cut(all, page, size) {
		content = append(content, o.commission())
	}
	return pageFor(content, len(all), page, size), err
}

func (s *Server) commission(ctx context.Context, account string, r *http.Request) (any, error) {
	o, err := s.find(ctx, account, r.PathValue("operatorId"))
	var unknown *Error
	if errors.As(err, &unknown) && unknown.Status == http.StatusNotFound {
		return nil, RefuseCode("") // without an errorCode, as Reloadly's
	}
	return o.commission(), err
}

// commission is what the operator's airtime costs the account less, in percent.
func (o Operator) commission() Discount {
	return Discount{
		Operator: DiscountOperator{ID: o.OperatorID, OperatorID: o.OperatorID, Name: o.Name, CountryCode: o.Country.ISOName,
			Data: o.Data, Bundle: o.Bundle, Status: o.active()},
		Percentage: o.InternationalDiscount, InternationalPercentage: o.InternationalDiscount, LocalPercentage: o.LocalDiscount,
	}
}

func (s *Server) operators(ctx context.Context, account string, r *http.Request) (any, error) {
	query := r.URL.Query()
	page, size, err := pageOf(query)
	if err != nil {
		return nil, err
	}
	all, err := s.airtime.Operators(ctx, account)
	if err != nil {
		return nil, err
	}
	fits, err := wanted(all, query)
	if err != nil {
		return nil, err
	}
	content, err := shown(cut(fits, page, size), query)
	return pageFor(content, len(fits), page, size), err
}

// wanted drops the kinds of operators that a query excludes.
func wanted(all []Operator, query url.Values) ([]Operator, error) {
	bundles, data, pin, combo, ranges, fixed := true, true, true, true, true, true
	err := flagsOf(query, map[string]*bool{"includeBundles": &bundles, "includeData": &data, "includePin": &pin, "includeCombo": &combo,
		"includeRange": &ranges, "includeFixed": &fixed})
	fits := []Operator{}
	for _, o := range all {
		if o.Bundle && !bundles || o.Data && !data || o.PIN && !pin || o.ComboProduct && !combo ||
			o.DenominationType == denominationRange && !ranges || o.DenominationType == denominationFixed && !fixed {
			continue
		}
		fits = append(fits, o)
	}
	return fits, err
}

// shown is how operators are answered to a query.
func shown(all []Operator, query url.Values) ([]Operator, error) {
	var amounts, table bool
	if err := flagsOf(query, map[string]*bool{"suggestedAmounts": &amounts, "suggestedAmountsMap": &table}); err != nil {
		return nil, err
	}
	list := make([]Operator, 0, len(all))
	for _, o := range all {
		o = o.complete()
		o.suggest()
		if !amounts {
			o.SuggestedAmounts = []Number{}
		}
		if !table {
			o.SuggestedAmountsMap = map[string]Number{}
		}
		list = append(list, o)
	}
	return list, nil
}

func (s *Server) showOne(o Operator, err error, r *http.Request) (any, error) {
	if err != nil {
		return nil, err
	}
	list, err := shown([]Operator{o}, r.URL.Query())
	if err != nil {
		return nil, err
	}
	return list[0], nil
}

// suggested are the amounts that a range is shown by, as far as they are in it.
func suggested() []int64 {
	return []int64{1, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 95, 100}
}

// suggest fills the suggestions that the operator does not make itself.
func (o *Operator) suggest() {
	if len(o.SuggestedAmounts) == 0 && o.DenominationType == denominationRange {
		for _, whole := range suggested() {
			n := Number{Value: decimal.New(whole, 0), Valid: true}
			if o.sells(n, nil, o.MinAmount, o.MaxAmount) {
				o.SuggestedAmounts = append(o.SuggestedAmounts, n)
			}
		}
	}
	if len(o.SuggestedAmounts) == 0 {
		o.SuggestedAmounts = slices.Clone(o.FixedAmounts)
	}
	if len(o.SuggestedAmountsMap) > 0 || !o.FX.Rate.Valid {
		return
	}
	o.SuggestedAmountsMap = map[string]Number{}
	decimals := int32(prepaid.Currency(o.DestinationCurrencyCode).Decimals())
	for _, n := range o.SuggestedAmounts {
		o.SuggestedAmountsMap[n.Value.String()] = Number{Value: n.Value.Mul(o.FX.Rate.Value).Round(decimals), Valid: true}
	}
}

// complete fills what is the same for all operators: no list is null, and every currency has its symbol.
func (o Operator) complete() Operator {
	set(&o.ID, o.OperatorID)
	set(&o.SenderCurrencySymbol, CurrencySymbol(o.SenderCurrencyCode))
	set(&o.DestinationCurrencySymbol, CurrencySymbol(o.DestinationCurrencyCode))
	set(&o.Country.Name, CountryName(o.Country.ISOName))
	set(&o.Status, "ACTIVE")
	if !o.Commission.Valid {
		o.Commission = o.InternationalDiscount
	}
	for _, fee := range []*Number{&o.Fees.International, &o.Fees.InternationalPercentage, &o.Fees.Local, &o.Fees.LocalPercentage} {
		fee.Valid = true
	}
	for _, list := range []*[]Number{&o.FixedAmounts, &o.LocalFixedAmounts, &o.SuggestedAmounts} {
		fill(list)
	}
	fill(&o.LogoURLs)
	fill(&o.GeographicalRechargePlans)
	fill(&o.Promotions)
	for _, texts := range []*map[string]Text{&o.FixedAmountsDescriptions, &o.LocalFixedAmountsDescriptions} {
		if *texts == nil {
			*texts = map[string]Text{}
		}
	}
	return o
}

func fill[T any](list *[]T) {
	if *list == nil {
		*list = []T{}
	}
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
	return Operator{}, RefuseOperator()
}

func (s *Server) operator(ctx context.Context, account string, r *http.Request) (any, error) {
	o, err := s.find(ctx, account, r.PathValue("operatorId"))
	return s.showOne(o, err, r)
}

func (s *Server) operatorsOf(ctx context.Context, account string, r *http.Request) (any, error) {
	all, err := s.airtime.Operators(ctx, account)
	if err != nil {
		return nil, err
	}
	all, err = wanted(all, r.URL.Query())
	if err != nil {
		return nil, err
	}
	fits := []Operator{}
	for _, o := range all {
		if strings.EqualFold(string(o.Country.ISOName), r.PathValue("countryCode")) {
			fits = append(fits, o)
		}
	}
	return shown(fits, r.URL.Query())
}

func (s *Server) detect(ctx context.Context, account string, r *http.Request) (any, error) {
	return s.detectNumber(ctx, account, r, Phone{CountryCode: Text(r.PathValue("countryCode")), Number: Text(r.PathValue("phone"))})
}

func (s *Server) lookupAsked(ctx context.Context, account string, r *http.Request) (any, error) {
	phone := r.URL.Query().Get("phone")
	if rest, ok := strings.CutPrefix(phone, " "); ok {
		phone = "+" + rest // a plus in a query is a space
	}
	return s.detectNumber(ctx, account, r, Phone{CountryCode: Text(r.URL.Query().Get("countryCode")), Number: Text(phone)})
}

func (s *Server) lookupPosted(ctx context.Context, account string, r *http.Request) (any, error) {
	var request lookupRequest
	if err := read(r, &request); err != nil {
		return nil, err
	}
	return s.detectNumber(ctx, account, r, Phone{CountryCode: request.CountryCode, Number: request.Phone})
}

func (s *Server) detectNumber(ctx context.Context, account string, r *http.Request, p Phone) (any, error) {
	switch {
	case p.Number == "" || p.CountryCode == "":
		return nil, invalid("phone and countryCode are required")
	case !p.dialable():
		return nil, RefuseCode("COULD_NOT_AUTO_DETECT_OPERATOR")
	}
	p.CountryCode = Text(strings.ToUpper(string(p.CountryCode)))
	o, err := s.airtime.Detect(ctx, account, p)
	return s.showOne(o, err, r)
}

func (s *Server) fxRate(ctx context.Context, account string, r *http.Request) (any, error) {
	var request fxRequest
	if err := read(r, &request); err != nil {
		return nil, err
	}
	id := r.PathValue("operatorId")
	if id == "" {
		id = request.OperatorID.String()
	}
	switch {
	case id == "0":
		return nil, invalid(operatorNeeded)
	case !request.Amount.Valid || request.Amount.Value.Sign() < 0:
		return nil, invalid(amountNeeded)
	}
	o, err := s.find(ctx, account, id)
	switch {
	case err != nil:
		return nil, err
	case !o.FX.Rate.Valid:
		return nil, RefuseCode("FX_RATE_NOT_AVAILABLE")
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
			ISOName: o.Country.ISOName, Name: o.complete().Country.Name,
			CurrencyCode: o.DestinationCurrencyCode, CurrencyName: CurrencyName(o.DestinationCurrencyCode),
			CurrencySymbol: CurrencySymbol(o.DestinationCurrencyCode), CallingCodes: []string{"+" + strconv.Itoa(code)},
		})
	}
	slices.SortFunc(list, func(a, b Country) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func (s *Server) countries(ctx context.Context, account string, _ *http.Request) (any, error) {
	return s.allCountries(ctx, account)
}

func (s *Server) country(ctx context.Context, account string, r *http.Request) (any, error) {
	all, err := s.allCountries(ctx, account)
	for _, c := range all {
		if strings.EqualFold(string(c.ISOName), r.PathValue("countryCode")) {
			return c, nil
		}
	}
	if err == nil {
		err = RefuseCode("RESOURCE_NOT_FOUND")
	}
	return nil, err
}
