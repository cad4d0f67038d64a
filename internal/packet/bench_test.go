package packet

import (
	"bytes"
	"fmt"
	"io"
	"testing"
)

func BenchmarkWrite(b *testing.B) {
	for _, n := range []int{10, 1000} {
		c := contents(b, n)
		b.Run(fmt.Sprintf("ads=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				s, err := Write(io.Discard, c, key())
				if err != nil {
					b.Fatal(err)
				}
				b.SetBytes(s.Size)
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "ads/s")
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	var z bytes.Buffer
	if _, err := Write(&z, contents(b, 1000), key()); err != nil {
		b.Fatal(err)
	}
	path := saved(b, z.Bytes())
	b.SetBytes(int64(z.Len()))
	for b.Loop() {
		if _, err := Verify(path, pub()); err != nil {
			b.Fatal(err)
		}
	}
}
