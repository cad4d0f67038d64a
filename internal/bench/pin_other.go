//go:build !linux

package bench

import "errors"

func onCore(int, func() error) error {
	return errors.New("bind a thread to a processor: only Linux can")
}
