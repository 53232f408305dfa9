package operators

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// newFile returns the full path of a file that is to be created. It is a *FieldError of "out" if the file exists, or its folder
// does not.
func newFile(path string) (string, error) {
	full, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	if _, err := os.Lstat(full); err == nil {
		return "", &FieldError{Field: "out", Value: path, Err: errors.New("there is such a file already; choose another name")}
	}
	if info, err := os.Stat(filepath.Dir(full)); err != nil || !info.IsDir() {
		return "", &FieldError{Field: "out", Value: path, Err: errors.New("there is no such folder")}
	}
	return full, nil
}

// keepFile writes a file atomically: write fills path.part, which is synced and then renamed. A part left by an interrupted run is
// removed first.
func keepFile(path string, write func(io.Writer) error) (err error) {
	part := path + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(part, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	err = write(file)
	if err == nil {
		err = file.Sync()
	}
	if err = errors.Join(err, file.Close()); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	if err := os.Rename(part, path); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
