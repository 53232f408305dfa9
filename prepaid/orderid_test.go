package prepaid

import (
	"strings"
	"testing"
)

func TestOrderNumbersAreShownInGroupsAndReadInAny(t *testing.T) {
	const id OrderID = "BKTRMWQXZD"
	if got := id.Grouped(); got != "BKT-RMW-QXZD" {
		t.Errorf("%s is shown as %s", id, got)
	}
	for _, text := range []string{
		"BKTRMWQXZD", "BKT-RMW-QXZD", "bkt-rmw-qxzd", " bktrm wqxzd\n", "B K T R M W Q X Z D", "BKTR.MWQX.ZD", "BKT\u2011RMW\u2013QXZD", "bk-trmw/qx_zd",
		"8KT-RMW-QX2D", "\uff22\uff2b\uff34-RMW-QXZD",
	} {
		if got := ReadOrderID(text); got != id {
			t.Errorf("%q is read as %s", text, got)
		}
	}
	if got := ReadOrderID("1is-5vu-68bb"); got != "LLSSVVGBBB" {
		t.Errorf("look-alikes are read as %s", got)
	}
}

func TestOrderNumbersAreNotGuessed(t *testing.T) {
	for text, want := range map[string]OrderID{
		"": "", "none": "NONE", "BKT-RMW-QXZ": "BKT-RMW-QXZ", "BKT-RMW-QXZDD": "BKT-RMW-QXZDD", "0KT-RMW-QXZD": "0KT-RMW-QXZD", "OKTRMWQXZD": "OKTRMWQXZD",
		" a b ": "A B",
	} {
		if got := ReadOrderID(text); got != want {
			t.Errorf("%q is read as %q, not %q", text, got, want)
		}
	}
}

func TestEveryNewOrderNumberIsReadBack(t *testing.T) {
	for range 1000 {
		id := NewOrderID()
		for _, text := range []string{string(id), id.Grouped(), strings.ToLower(id.Grouped()), strings.ReplaceAll(id.Grouped(), "-", " ")} {
			if got := ReadOrderID(text); got != id {
				t.Fatalf("%q is read as %s", text, got)
			}
		}
	}
}
