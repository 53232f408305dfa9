package app

import (
	"testing"

	"pulsa/prepaid"
)

func TestOnlyTestersMayCrashTheProgram(t *testing.T) {
	if _, err := crashAt("order", []*prepaid.Brand{{Name: "demo", Test: true}, {Name: "acme"}}); err == nil {
		t.Error("a brand with real customers may be crashed")
	}
	if crash, err := crashAt("", []*prepaid.Brand{{Name: "acme"}}); crash != nil || err != nil {
		t.Errorf("without a point: %v", err)
	}
}
