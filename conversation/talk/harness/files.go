package harness

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"pulsa/conversation/talk"
)

// Files replaces folders by the .talk files below them. Folders that can't be read, or have none, are talk.ScriptErrors.
func Files(paths []string) ([]string, error) {
	var files []string
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil || !info.IsDir() {
			files = append(files, path) // one that can't be read is reported with the rest
			continue
		}
		before := len(files)
		err = filepath.WalkDir(path, func(name string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() && strings.HasSuffix(name, ".talk") {
				files = append(files, name)
			}
			return err
		})
		if err == nil && len(files) == before {
			err = errors.New("no file there ends in .talk")
		}
		if err != nil {
			return nil, talk.ScriptErrors{{File: path, Problem: err.Error()}}
		}
	}
	return files, nil
}
