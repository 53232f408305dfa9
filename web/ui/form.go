package ui

import (
	"net/http"
	"strings"

	"pulsa/web/guard"
)

// Form wraps the handler of a form's POST. A post from another site is answered 403, so a form needs no CSRF token. The handler
// can read at most limit bytes; beyond that, its ParseForm returns an *http.MaxBytesError.
func Form(limit int64, h http.HandlerFunc) http.Handler {
	return guard.OwnPages(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, limit)
		h(w, r)
	}))
}

// Field is one field of a form: {{template "field" .Amount}} shows its label, what is wrong with it, the input and a hint, linked
// for screen readers.
type Field struct {
	Name  string // in the form; unique on the page
	Label string
	Hint  string // what to type; may be empty
	Error string // why what was typed is not taken, and what to type instead; empty where nothing is wrong
	Value string // what was typed. A password is never shown again.

	Type         string // "tel", "password"; empty is "text"
	InputMode    string // the keyboard: "decimal"
	Autocomplete string // "one-time-code"; empty is "off"
	MaxLength    int    // 0 for no limit
	Required     bool
}

// ID is the input's id.
func (f Field) ID() string { return "field-" + f.Name }

// DescribedBy lists the ids of what explains the input: first what is wrong with it.
func (f Field) DescribedBy() string {
	var ids []string
	if f.Error != "" {
		ids = append(ids, f.ID()+"-error")
	}
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	return strings.Join(ids, " ")
}

// Shown is the value as the page may show it.
func (f Field) Shown() string {
	if f.Type == "password" {
		return ""
	}
	return f.Value
}
