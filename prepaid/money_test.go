package prepaid

import (
	"errors"
	"math"
	"testing"
)

func TestParseMoney(t *testing.T) {
	tests := []struct {
		text     string
		currency Currency
		minor    int64
		err      error
	}{
		{"10", "EUR", 1000, nil},
		{"10.5", "EUR", 1050, nil},
		{"0.29", "EUR", 29, nil},
		{"4.35", "EUR", 435, nil},
		{"10.500", "EUR", 1050, nil},
		{"10.005", "EUR", 0, ErrTooManyDecimals},
		{"500", "JPY", 500, nil},
		{"500.5", "JPY", 0, ErrTooManyDecimals},
		{"1.234", "KWD", 1234, nil},
		{"", "EUR", 0, ErrNotMoney},
		{".5", "EUR", 0, ErrNotMoney},
		{"5.", "EUR", 0, ErrNotMoney},
		{"-5", "EUR", 0, ErrNotMoney},
		{"+5", "EUR", 0, ErrNotMoney},
		{"1e3", "EUR", 0, ErrNotMoney},
		{"1,5", "EUR", 0, ErrNotMoney},
		{"92233720368547758.07", "EUR", math.MaxInt64, nil},
		{"92233720368547758.08", "EUR", 0, ErrOverflow},
		{"99999999999999999999999", "EUR", 0, ErrOverflow},
	}
	for _, tt := range tests {
		got, err := ParseMoney(tt.text, tt.currency)
		if got.Minor != tt.minor || !errors.Is(err, tt.err) {
			t.Errorf("%q %s: %d, %v; want %d, %v", tt.text, tt.currency, got.Minor, err, tt.minor, tt.err)
		}
	}
}

func TestMoneyIsShown(t *testing.T) {
	for want, m := range map[string]Money{
		"EUR 10.00": {1000, "EUR"}, "EUR 0.05": {5, "EUR"}, "EUR -0.05": {-5, "EUR"}, "JPY 500": {500, "JPY"},
		"KWD 1.234": {1234, "KWD"}, "EUR -92233720368547758.08": {math.MinInt64, "EUR"}, "EUR 0.00": {0, "EUR"},
	} {
		if got := m.String(); got != want {
			t.Errorf("%d: %s, want %s", m.Minor, got, want)
		}
	}
}

func TestAddingMoney(t *testing.T) {
	if _, err := (Money{1, "EUR"}).Add(Money{1, "USD"}); err == nil {
		t.Error("euros and dollars were added")
	}
	if _, err := (Money{math.MaxInt64, "EUR"}).Add(Money{1, "EUR"}); !errors.Is(err, ErrOverflow) {
		t.Error("an overflow was not noticed")
	}
	if _, err := (Money{math.MinInt64, "EUR"}).Add(Money{-1, "EUR"}); !errors.Is(err, ErrOverflow) {
		t.Error("a negative overflow was not noticed")
	}
	if sum, err := (Money{250, "EUR"}).Add(Money{-100, "EUR"}); err != nil || sum != (Money{150, "EUR"}) {
		t.Errorf("sum %v, %v", sum, err)
	}
}

func FuzzParseMoney(f *testing.F) {
	f.Add("10.00", "EUR")
	f.Add("92233720368547758.07", "KWD")
	f.Fuzz(func(t *testing.T, text, currency string) {
		m, err := ParseMoney(text, Currency(currency))
		if err != nil {
			return
		}
		if m.Minor < 0 {
			t.Errorf("%q is %d", text, m.Minor)
		}
		if again, err := ParseMoney(m.Number(), m.Currency); err != nil || again != m {
			t.Errorf("%q gives %s, which gives %v, %v", text, m, again, err)
		}
	})
}
