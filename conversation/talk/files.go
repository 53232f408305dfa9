package talk

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Save writes the report as JUnit XML and as HTML into files. "" writes none.
func (r *Report) Save(junit, html string) error {
	return errors.Join(writeFile(junit, r.WriteJUnit), writeFile(html, r.WriteHTML))
}

func writeFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

// CheckNew says why Keep could not write a file, before there is something to write. "" is written nowhere.
func CheckNew(name string) error {
	if name == "" {
		return nil
	}
	if _, err := os.Lstat(name); err == nil {
		return errors.New("there is such a file already, and it is not overwritten")
	}
	folder := filepath.Dir(name)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("there is no folder %s", folder)
	}
	return nil
}

// Keep writes a recorded story into a file that must not be there yet, and says so on out. A story that has no file, can't be written
// or has failed is written to out itself, so that it is not lost.
func Keep(out io.Writer, name, story string, failed error) error {
	err := failed
	if err == nil && name != "" {
		err = writeNew(name, story)
	}
	if err != nil || name == "" {
		fmt.Fprint(out, story)
		return err
	}
	fmt.Fprintf(out, "%s written. Try: pulsa talk run %s\n", name, name)
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = io.WriteString(f, text)
	return errors.Join(err, f.Close())
}

// Write rewrites the script.
func (f Fixed) Write() error { return os.WriteFile(f.File, f.New, 0o644) }
