package erasure

import "vigil.example/internal/ad/adtest"

// Journals without a disk.
type (
	memory = adtest.Journal
	stored = adtest.Event
)

var errOutage = adtest.ErrOutage
