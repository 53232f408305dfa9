package app

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"pulsa/prepaid"
)

func TestThePhoneIsForTestBrandsOnly(t *testing.T) {
	r := runDemo(t, nil, nil)
	routes := r.Routes()
	ask := func() int {
		w := httptest.NewRecorder()
		routes.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
		return w.Code
	}
	if code := ask(); code != http.StatusSeeOther {
		t.Errorf("while there is a test brand: %d", code)
	}
	real := *r.Brands.Named("demo")
	real.Test = false
	r.Brands.Replace([]*prepaid.Brand{&real})
	if code := ask(); code != http.StatusNotFound {
		t.Errorf("while there is none: %d", code)
	}
}
