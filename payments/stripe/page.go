package stripe

import (
	"html/template"
	"net/http"
)

// ReturnPath is where ReturnPage is served, below the program's public URL.
const ReturnPath = "/payments/stripe/done"

const returnPage = `<!DOCTYPE html>
<html lang="{{.Language}}">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<body style="font: 1.2em/1.5 sans-serif; max-width: 32em; margin: 4em auto; padding: 0 1em">
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
`

// ReturnPage is what customers see when they come back from one of Stripe's pages, whatever they did there.
// It knows nothing of them: what they did is told by Stripe, and answered by text. words returns what the page says in a language,
// and in which language that is where it is another.
func ReturnPage(words func(language string) (spoken, title, text string)) http.Handler {
	page := template.Must(template.New("return").Parse(returnPage))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var says struct{ Language, Title, Text string }
		says.Language, says.Title, says.Text = words(r.URL.Query().Get("language"))
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
		_ = page.Execute(w, says) // the customer has gone
	})
}
