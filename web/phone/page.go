package phone

import (
	"math/rand/v2"
	"net/http"

	"pulsa/channels"
	"pulsa/prepaid"
	"pulsa/web/ui"
)

// phonePage is what the template shows.
type phonePage struct {
	Title, Initial string
	Brand          string
	Brands         []option
	Kind, KindName string
	Kinds          []option
	Number         string
	Language       string
	Languages      []option
	Price          string
	Currency       prepaid.Currency
	After          seen
	Fresh          string // the page with another number
	News           string // where late messages come from
	Problem        string
	NumberWrong    bool
	Words          Words
	Amount         string
	ServiceCode    string   // what is dialled, where that is how a conversation begins
	Example        []string // a command, in pieces that stay on one line
	Command        string
}

// option is one of several to choose from.
type option struct {
	Value, Label string
	Chosen       bool
}

// showPhone answers GET / with the phone. Without a number the browser is sent on to one that nobody has, so
// that the page's address is the customer's.
func (c *Console) showPhone(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	u, err := c.customer(r.Context(), query)
	if u.line.Brand == nil {
		http.NotFound(w, r)
		return
	}
	if query.Get("number") == "" {
		m, err := prepaid.FreshMSISDN(u.line.Brand.Country, rand.Int())
		if err != nil {
			c.Log.ErrorContext(r.Context(), "phone: make up a number", "country", u.line.Brand.Country, "error", err)
			http.Error(w, "give a number: /?number=%2B31612345678", http.StatusInternalServerError)
			return
		}
		u.number = m
		ui.Protect(w.Header())
		http.Redirect(w, r, "/?"+u.query().Encode(), http.StatusSeeOther)
		return
	}
	page := c.phonePage(r, u)
	status := http.StatusOK
	switch {
	case err != nil:
		status, page.Problem, page.NumberWrong = http.StatusBadRequest, err.Error(), u.number == ""
		page.Number = query.Get("number")
	default:
		page.After, err = c.lastSeen(r.Context(), u)
		if err != nil {
			c.Log.ErrorContext(r.Context(), "phone: outbox not read", "channel", u.line.ID(), "error", err)
			http.Error(w, "The program can't reach its database. Try again in a minute.", http.StatusServiceUnavailable)
			return
		}
		page.News = "/phone/news?" + u.query().Encode()
	}
	c.pages.Show(w, r, status, ui.Page{
		Language: "en", Title: page.Title + " · Pulsa test phone", Class: page.Kind,
		Skip: "Go to the message field", SkipTo: "text", NoScript: "The phone needs JavaScript.",
		Styles: []string{"phone.css"}, Scripts: []string{"htmx.min.js", "phone.js"},
		Template: "phone", Data: page,
	})
}

func (c *Console) phonePage(r *http.Request, u customer) phonePage {
	b := u.line.Brand
	other := u.query()
	other.Del("number")
	p := phonePage{
		Title: b.Title, Initial: string([]rune(b.Title + "?")[:1]), Brand: b.Name,
		Kind: string(u.can.Kind), KindName: kindNames[u.can.Kind],
		Number: u.number.String(), Language: u.language, Price: u.price.number(b.Currency.Decimals()), Currency: b.Currency,
		Fresh: "/?" + other.Encode(), Words: c.Words(b.Name, u.language),
		Amount: b.Amounts.Min.Typed(),
	}
	p.Example = []string{c.Command + " cards generate", "--brand " + b.Name, "--amount " + p.Amount, "--quantity 5", "--series 101"}
	if c.Flags != "" {
		p.Example = append(p.Example, c.Flags)
	}
	p.Command = c.Command
	if u.can.Dials {
		p.ServiceCode = b.ServiceCode()
	}
	for _, l := range c.lines(r.Context()) {
		p.Brands = append(p.Brands, option{l.Brand.Name, l.Brand.Title, l.Brand.Name == b.Name})
	}
	for _, k := range []channels.Kind{channels.SMS, channels.WhatsApp, channels.Telegram, channels.USSD} {
		p.Kinds = append(p.Kinds, option{string(k), kindNames[k], k == u.can.Kind})
	}
	for _, l := range b.Languages {
		p.Languages = append(p.Languages, option{l, c.Words(b.Name, l).Language, l == u.language})
	}
	return p
}
