package channels_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"pulsa/channels"
	"pulsa/channels/channeltest"
	"pulsa/prepaid"
)

// The adapter of the example keeps the contract, like every other.
func TestTheExampleKeepsTheContract(t *testing.T) {
	post := func(from, id, text string) *http.Request {
		body, err := json.Marshal(map[string]string{"id": id, "from": from, "text": text})
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("POST", "/webhooks/demo/line", strings.NewReader(string(body)))
		r.Header.Set("X-Token", "s3cret")
		return r
	}
	channeltest.Run(t, channeltest.Harness{
		New: func(clock prepaid.Clock) channels.Adapter { return gateway{clock} },
		Channel: func(string) channels.Channel {
			return channels.Channel{
				Brand: &prepaid.Brand{Name: "demo"}, Name: "line", Type: "gateway", WebhookURL: "https://topup.example/webhooks/demo/line",
				Secrets: map[string]prepaid.Secret{"token": prepaid.NewSecret("s3cret")},
			}
		},
		Request:      func(_ channels.Channel, id, text string) *http.Request { return post("+31612345678", id, text) },
		OtherRequest: func(_ channels.Channel, id, text string) *http.Request { return post("+31687654321", id, text) },
		Forge:        func(r *http.Request) { r.Header.Set("X-Token", "guessed") },
		Customer:     "tel:+31612345678", Other: "tel:+31687654321",
		Hidden: []string{"s3cret"},
	})
}
