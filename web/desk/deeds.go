package desk

import (
	"strings"
	"time"

	"pulsa/prepaid"
)

// wordKey is a stored name as the end of a word's key: "settle-order".
func wordKey(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "-") }

// deedName is what was done, by the name that deeds have: "settle order", "refused: settle order", "repeat delivery 123".
func (v *visit) deedName(what string) string {
	if first, rest, two := strings.Cut(what, ": "); two {
		return v.deedName(first) + ": " + v.deedName(rest)
	}
	name, of := what, ""
	for !v.words[v.language].has("deed." + wordKey(name)) {
		at := strings.LastIndexByte(name, ' ')
		if at < 0 {
			return what
		}
		name, of = what[:at], what[at:]
	}
	return v.t("deed."+wordKey(name)) + of
}

// roleName is a role, or what acts in place of people.
func (v *visit) roleName(role string) string { return v.tOr("role."+role, role) }

// deedValue is what a deed says of before and now: stored words become the person's, and what is nobody's word stays.
func (v *visit) deedValue(value string) string {
	for _, between := range []string{"; ", ": ", ", ", " → "} {
		if strings.Contains(value, between) {
			parts := strings.Split(value, between)
			for i := range parts {
				parts[i] = v.deedValue(parts[i])
			}
			return strings.Join(parts, between)
		}
	}
	for _, kind := range []string{"value.", "order.status.", "role.", "sight."} {
		if v.words[v.language].has(kind + wordKey(value)) {
			return v.t(kind + wordKey(value))
		}
	}
	if role, brand, in := strings.Cut(value, " in "); in && v.words[v.language].has("role."+role) {
		return v.t("value.role-in", "role", v.roleName(role), "brand", brand)
	}
	if what, until, ends := strings.Cut(value, " until "); ends {
		if at, err := time.Parse(time.RFC3339, until); err == nil {
			return v.t("value.until", "what", v.deedValue(what), "time", v.clock(at))
		}
	}
	if what, n, numbered := strings.Cut(value, " "); numbered && v.words[v.language].has("value.numbered."+what) {
		return v.t("value.numbered."+what, "n", n)
	}
	if count, what, counts := strings.Cut(value, " "); counts && v.words[v.language].has("value.count."+wordKey(what)) {
		return v.t("value.count."+wordKey(what), "count", count)
	}
	return value
}

// deedReason is why it was done: in somebody's own words, or in ours where nobody was asked.
func (v *visit) deedReason(why string) string {
	first, rest, two := strings.Cut(why, ": ")
	if key := "why." + wordKey(first); two && v.words[v.language].has(key) {
		return v.t(key) + ": " + rest
	}
	if who, ours := strings.CutPrefix(why, "groups of "); ours {
		return v.t("why.groups-of", "issuer", who)
	}
	return v.tOr("why."+wordKey(why), v.sayStored(why))
}

// deedWho is who did it: somebody, or what acts in nobody's name.
func (v *visit) deedWho(who string) string { return v.tOr("value."+wordKey(who), who) }

// deedFrom is from where it was done.
func (v *visit) deedFrom(from string) string {
	if from == prepaid.Machine {
		return v.roleName(from)
	}
	return from
}
