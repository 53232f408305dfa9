//go:build unix

package book

import (
	"errors"
	"os"
	"syscall"
)

// lock keeps other processes from opening the book. It ends with the process, however that ends.
func lock(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrInUse
	}
	return err
}
