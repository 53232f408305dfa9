package conversation

import (
	"go/constant"
	"go/types"
	"testing"

	"pulsa/prepaid"
)

func TestEveryKindOfNoticeIsTold(t *testing.T) {
	vocabulary := mustSource(t).imported("pulsa/prepaid").Scope()
	wanted := vocabulary.Lookup("NoticeKind").Type()
	for _, name := range vocabulary.Names() {
		c, ok := vocabulary.Lookup(name).(*types.Const)
		if !ok || !types.Identical(c.Type(), wanted) {
			continue
		}
		k, err := noticeKindOf(prepaid.NoticeKind(constant.StringVal(c.Val())))
		if err != nil {
			t.Errorf("prepaid.%s: %v", name, err)
			continue
		}
		if k.Say == "" && k.Tell == nil && k.Setup == noEvent && k.Begins == nil {
			t.Errorf("nothing is done with a notice %q", k.Kind)
		}
	}
}
