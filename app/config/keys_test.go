package config

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pulsa/prepaid"
)

func TestKeysOfTestBrandsAreMadeOnce(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "data")
	var group sync.WaitGroup
	keys := make([]Config, 16)
	for i := range keys {
		group.Go(func() {
			keys[i].Data = folder
			if err := keys[i].OpenKeys(PINPepper | CardKey); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	for _, c := range keys {
		if c.Peppers[1].Reveal() != keys[0].Peppers[1].Reveal() || c.CardKeys[1].Reveal() != keys[0].CardKeys[1].Reveal() {
			t.Fatal("copies that start at once have different keys")
		}
	}
	if p, k := keys[0].Peppers[1].Reveal(), keys[0].CardKeys[1].Reveal(); len(p) != 64 || p == k {
		t.Errorf("keys of %d and %d characters", len(p), len(k))
	}
	files, err := os.ReadDir(folder)
	if err != nil || len(files) != 2 {
		t.Fatalf("files %v, %v", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", f.Name(), info.Mode(), err)
		}
	}
}

func TestKeysOfTheEnvironmentAreNotReplaced(t *testing.T) {
	c := Config{Data: t.TempDir(), Peppers: map[int]prepaid.Secret{2: prepaid.NewSecret(key32)}}
	if err := c.OpenKeys(PINPepper | CardKey); err != nil {
		t.Fatal(err)
	}
	if len(c.Peppers) != 1 || c.Peppers[2].Reveal() != key32 || len(c.CardKeys) != 1 {
		t.Errorf("%d peppers, %d card keys", len(c.Peppers), len(c.CardKeys))
	}
}

func TestADamagedKeyFileIsNotReplaced(t *testing.T) {
	c := Config{Data: t.TempDir()}
	if err := os.WriteFile(filepath.Join(c.Data, "card.key"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.OpenKeys(PINPepper | CardKey); err == nil || !strings.Contains(err.Error(), "restore the file") || strings.Contains(err.Error(), "half") {
		t.Errorf("got %v", err)
	}
}
