package prepaid

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestEmailsAreThoseOfMailAccountsThatAreToppedUp(t *testing.T) {
	for text, want := range map[string]Email{
		"anyone@nauta.com.cu": "anyone@nauta.com.cu", " Any.One_2+x-y@NAUTA.co.cu ": "any.one_2+x-y@nauta.co.cu",
		"": "", "@nauta.com.cu": "", "anyone": "", "anyone@nauta.cu": "", "anyone@example.com": "",
		"a@b@nauta.com.cu": "", "a b@nauta.com.cu": "", "a\"@nauta.co.cu": "", "a@xnauta.com.cu": "", "a@nauta.com.cu.example.com": "",
		strings.Repeat("x", 64) + "@nauta.com.cu": Email(strings.Repeat("x", 64) + "@nauta.com.cu"),
		strings.Repeat("x", 65) + "@nauta.com.cu": "",
	} {
		got, err := ParseEmail(text)
		if got != want || (want == "") != errors.Is(err, ErrNotAnAccount) {
			t.Errorf("ParseEmail(%q) = %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestEmailsAreLoggedMasked(t *testing.T) {
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "email", Email("anyone@nauta.com.cu"))
	if strings.Contains(log.String(), "anyone") || !strings.Contains(log.String(), "email=a****@nauta.com.cu") {
		t.Error(log.String())
	}
	if got := fmt.Sprint(Email("").Masked()); got != "****" {
		t.Errorf("none is %q", got)
	}
}
