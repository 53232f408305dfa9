package app

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/app/version"
	"pulsa/prepaid"
)

func TestBuildIsAMetric(t *testing.T) {
	answer := httptest.NewRecorder()
	newMetrics(prepaid.SystemClock{}).handler().ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	if want := `pulsa_build_info{commit="unknown",go="` + version.Current().Go + `",version="unreleased"} 1`; !strings.Contains(answer.Body.String(), want) {
		t.Errorf("%s is missing", want)
	}
}

func TestHealthSaysWhichBuildAnswers(t *testing.T) {
	mux := http.NewServeMux()
	(&Program{}).healthRoutes(mux)
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest("GET", "/healthz", nil))
	if got := answer.Header().Get("Pulsa-Version"); got != version.Current().String() || answer.Body.String() != "alive\n" {
		t.Errorf("%q with %q", answer.Body.String(), got)
	}
}
