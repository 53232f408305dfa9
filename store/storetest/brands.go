package storetest

import (
	"errors"
	"sync/atomic"
	"time"

	"pulsa/operators"
)

var brandTests = []test{
	{"a version is kept whole, and numbered by its brand", func(w *world) {
		other := operators.BrandVersion{Brand: "other", Text: "title: Other\n", By: by, At: start}
		for i, text := range []string{"title: One\n", "title: Two\n"} {
			v := operators.BrandVersion{Brand: brand, Parent: i, Text: text, By: by, At: start.Add(time.Duration(i) * time.Second)}
			v.Version = must[int](w)(w.db.Brands.AddBrandVersion(w.Context(), v))
			same(w, "number", v.Version, i+1)
			same(w, "kept", must[operators.BrandVersion](w)(w.db.Brands.BrandVersion(w.Context(), brand, i+1)), v)
		}
		same(w, "another brand's", must[int](w)(w.db.Brands.AddBrandVersion(w.Context(), other)), 1)
		same(w, "all", len(must[[]operators.BrandVersion](w)(w.db.Brands.BrandVersions(w.Context(), brand))), 2)
		same(w, "none is in force", len(must[[]operators.BrandState](w)(w.db.Brands.BrandStates(w.Context()))), 0)
		if _, err := w.db.Brands.BrandVersion(w.Context(), brand, 3); !errors.Is(err, operators.ErrNoVersion) {
			w.Errorf("a version that is not there: %v", err)
		}
	}},
	{"a version replaces the one that its author knows", func(w *world) {
		put := func(over int, withdrawn bool, v *operators.BrandVersion, version int) (operators.BrandState, error) {
			return w.db.Brands.PutBrandInForce(w.Context(), operators.BrandState{Brand: brand, Version: version, Withdrawn: withdrawn, By: by, At: start}, over, v)
		}
		text := &operators.BrandVersion{Brand: brand, Text: "title: One\n", By: by, At: start}
		want := operators.BrandState{Brand: brand, Version: 1, Number: 1, By: by, At: start}
		same(w, "first", must[operators.BrandState](w)(put(0, false, text, 0)), want)
		for over, v := range map[int]*operators.BrandVersion{0: text, 2: text} {
			if _, err := put(over, false, v, 0); !errors.Is(err, operators.ErrOvertaken) {
				w.Errorf("over %d: %v", over, err)
			}
		}
		same(w, "nothing is left of what was refused", len(must[[]operators.BrandVersion](w)(w.db.Brands.BrandVersions(w.Context(), brand))), 1)
		want.Version, want.Number = 2, 2
		same(w, "second", must[operators.BrandState](w)(put(1, false, text, 0)), want)
		want.Withdrawn, want.Number = true, 3
		same(w, "withdrawn", must[operators.BrandState](w)(put(2, true, nil, 2)), want)
		if _, err := put(2, true, nil, 2); !errors.Is(err, operators.ErrOvertaken) {
			w.Errorf("withdrawn twice: %v", err)
		}
		want.Withdrawn, want.Number = false, 4
		same(w, "sold again", must[operators.BrandState](w)(put(2, false, nil, 2)), want)
		same(w, "in force", must[[]operators.BrandState](w)(w.db.Brands.BrandStates(w.Context())), []operators.BrandState{want})
		var versions []int
		for _, c := range must[[]operators.BrandState](w)(w.db.Brands.BrandChanges(w.Context(), brand)) {
			versions = append(versions, c.Version)
		}
		same(w, "changes", versions, []int{1, 2, 2, 2})
	}},
	{"of those who publish at once one does", func(w *world) {
		for over := range 3 {
			var published atomic.Int32
			together(16, func(int) {
				_, err := w.db.Brands.PutBrandInForce(w.Context(), operators.BrandState{Brand: brand, By: by, At: start}, over,
					&operators.BrandVersion{Brand: brand, Parent: over, Text: "title: One\n", By: by, At: start})
				switch {
				case err == nil:
					published.Add(1)
				case !errors.Is(err, operators.ErrOvertaken):
					w.Error(err)
				}
			})
			same(w, "published", published.Load(), 1)
		}
		same(w, "versions", len(must[[]operators.BrandVersion](w)(w.db.Brands.BrandVersions(w.Context(), brand))), 3)
	}},
	{"drafts that are made at once get a number each", func(w *world) {
		draft := operators.BrandVersion{Brand: brand, Text: "title: One\n", By: by, At: start}
		must[operators.BrandState](w)(w.db.Brands.PutBrandInForce(w.Context(), operators.BrandState{Brand: brand, By: by, At: start}, 0, &draft))
		together(8, func(int) {
			if _, err := w.db.Brands.AddBrandVersion(w.Context(), draft); err != nil {
				w.Error(err)
			}
		})
		same(w, "versions", len(must[[]operators.BrandVersion](w)(w.db.Brands.BrandVersions(w.Context(), brand))), 9)
	}},
	{"versions and changes of settings are append-only", func(w *world) {
		must[operators.BrandState](w)(w.db.Brands.PutBrandInForce(w.Context(), operators.BrandState{Brand: brand, By: by, At: start}, 0,
			&operators.BrandVersion{Brand: brand, Text: "title: One\n", By: by, At: start}))
		for _, change := range []string{
			`UPDATE brand_settings SET text = 'title: Other'`, `DELETE FROM brand_settings`, `UPDATE brand_changes SET changed_by = 'nobody'`, `DELETE FROM brand_changes`,
		} {
			if _, err := w.db.Writer().ExecContext(w.Context(), change); err == nil {
				w.Errorf("done: %s", change)
			}
		}
	}},
	{"whom settings reach is counted", func(w *world) {
		c := w.customer()
		w.customer()
		same(w, "languages", must[map[string]int](w)(w.db.Brands.LanguagesOf(w.Context(), brand)), map[string]int{c.Language: 2})
		same(w, "another brand's", len(must[map[string]int](w)(w.db.Brands.LanguagesOf(w.Context(), "other"))), 0)
		channels := 0
		for _, n := range must[map[string]int](w)(w.db.Brands.ChannelsOf(w.Context(), brand)) {
			channels += n
		}
		same(w, "addresses", channels, 2)
	}},
}
