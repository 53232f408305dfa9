package desk

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"pulsa/accounts"
	"pulsa/operators"
	"pulsa/prepaid"
)

// readSentences reads what package operators says, by its English, in each other language: sentences/nl.yaml and its like.
func readSentences(from fs.FS) (map[string]words, error) {
	names, err := fs.Glob(from, "sentences/*.yaml")
	if err != nil {
		return nil, err
	}
	all := map[string]words{}
	for _, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, err
		}
		read := words{}
		if err := yaml.Unmarshal(text, &read); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[strings.TrimSuffix(path.Base(name), ".yaml")] = read
	}
	return all, nil
}

// say is a sentence in the person's language.
func (v *visit) say(s operators.Sentence) string {
	return s.In(operators.Language{
		Sentence: func(english string) string { return v.sentences[v.language].say(english) },
		Word:     func(w operators.Word) string { return v.tOr(w.Kind+"."+strings.ToLower(w.Is), w.Is) },
		Money:    v.money,
		Count:    v.number,
		Time:     func(t time.Time) string { return v.clock(t) },
	})
}

// sayStored is a text that may be an English sentence of ours, with nothing in it.
func (v *visit) sayStored(text string) string { return v.sentences[v.language].say(text) }

// sayAll is say of each.
func (v *visit) sayAll(all []operators.Sentence) []string {
	texts := make([]string, len(all))
	for i, s := range all {
		texts[i] = v.say(s)
	}
	return texts
}

// sayError is an error in the person's language. Of one that wraps others, the first that has words is said; one without stays as it is.
func (v *visit) sayError(err error) string {
	var underWay *accounts.UnderWayError
	var contested *accounts.ContestedError
	var short *operators.ShortError
	switch {
	case errors.As(err, &underWay) && underWay.Debit:
		return v.t("error.debit-under-way", "order", underWay.Order.Grouped())
	case errors.As(err, &underWay):
		return v.t("error.under-way", "order", underWay.Order.Grouped())
	case errors.As(err, &contested):
		return v.t("error.contested", "time", v.clock(contested.Until))
	case errors.As(err, &short):
		return v.t("error.short", "balance", v.money(short.Balance))
	}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if s := operators.ErrorSays(e); len(s.With) > 0 || v.sentences[v.language].has(s.Says) {
			return v.say(s)
		}
	}
	return v.say(operators.ErrorSays(err))
}

// money is an amount as sentences say it: "€10.00".
func (v *visit) money(m prepaid.Money) string {
	if m.Minor < 0 {
		return "−" + v.money(m.Neg())
	}
	digits := v.digits(m.Number())
	if sign := signs[m.Currency]; sign != "" {
		return sign + v.t("number.sign-gap") + digits
	}
	return digits + " " + string(m.Currency)
}

// digits are an amount without its currency, as tables have it: "10.00".
func (v *visit) digits(amount string) string {
	return strings.Replace(amount, ".", v.t("number.decimal"), 1)
}

// number is a count as people read it: "10,000".
func (v *visit) number(n int64) string {
	digits := fmt.Sprint(n)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + v.t("number.thousand") + digits[i:]
	}
	return digits
}
