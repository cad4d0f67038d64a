package capture_test

import (
	"fmt"
	"time"

	"vigil.example/internal/ad"
	"vigil.example/internal/capture"
)

// What came over the wire becomes records; the records give the page back.
func ExampleRecord() {
	c, records, err := capture.Record(capture.Exchange{
		URL:       "https://ads.example.test/ad/1",
		Request:   []byte("GET /ad/1 HTTP/1.1\r\nHost: ads.example.test\r\n\r\n"),
		Response:  []byte("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\npiano\r\n0\r\n\r\n"),
		FetchedAt: time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC),
		Site:      "townboard",
		Via:       ad.ViaCrawl,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	page, err := capture.Open(records)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d %s, %d bytes, %q, the same capture: %v\n", page.Status, page.URL, c.Size, page.Body, page.Capture.ID == c.ID)
	// Output: 200 https://ads.example.test/ad/1, 5 bytes, "piano", the same capture: true
}
