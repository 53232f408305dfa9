package app

import (
	"testing"

	"pulsa/prepaid"
)

func TestTheRecordIsSealedAndFitsItsSeal(t *testing.T) {
	r := runDemo(t, nil, nil)
	d := prepaid.Deed{Brand: "demo", What: "see number", Kind: prepaid.OnCustomer, Object: "c", By: prepaid.By{Who: "anna", Why: "called"}, At: r.Clock.Now()}
	if err := r.DB.Deeds.Record(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	// The program's own worker may have sealed it already.
	if _, err := r.sealDeeds(t.Context()); err != nil {
		t.Fatal(err)
	}
	if made, err := r.sealDeeds(t.Context()); made != 0 || err != nil {
		t.Errorf("%d links of nothing, %v", made, err)
	}
	last, err := r.DB.Deeds.LastLinks(t.Context(), []string{"demo"})
	if err != nil || len(last) != 1 {
		t.Fatal(last, err)
	}
	if found, err := r.Audit().Check(t.Context()); err != nil || len(found) != 0 {
		t.Errorf("found %v, %v", found, err)
	}
}
