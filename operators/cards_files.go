package operators

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// newFile is the full path of a file that does not exist yet, in a folder that does; a *FieldError of "out" otherwise.
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

// keepFile has write fill a file beside path, which gets that name only when it is whole and on disk. What an interrupted run
// has left there is removed.
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
