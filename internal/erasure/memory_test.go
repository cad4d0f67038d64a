package erasure

import "vigil.example/internal/ad/adtest"

// A journal without a disk.
type memory = adtest.Journal

var errOutage = adtest.ErrOutage
