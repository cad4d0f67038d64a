package app

import (
	"path/filepath"
	"strconv"
	"testing"
)

// Of several processes that start at once in a new folder one makes it, and none
// takes it for somebody else's.
func TestFolderFoundedByManyAtOnce(t *testing.T) {
	for round := range 60 {
		path := filepath.Join(t.TempDir(), strconv.Itoa(round))
		const many = 12
		begin, ends := make(chan struct{}), make(chan error, many)
		for range many {
			go func() {
				<-begin
				f, err := openFolder(path, Real, true, false)
				if err == nil {
					f.close()
				}
				ends <- err
			}()
		}
		close(begin)
		for range many {
			if err := <-ends; err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	}
}
