package app

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

func TestThePhoneIsForTestBrandsOnly(t *testing.T) {
	r := runDemo(t, nil, nil)
	for _, brand := range r.Config.Brands {
		brand.Test = false
	}
	mux := http.NewServeMux()
	r.phoneRoutes(mux)
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("answered %d", w.Code)
	}
}
