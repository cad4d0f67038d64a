package query_test

import (
	"errors"
	"fmt"

	"vigil.example/internal/query"
)

func ExampleParse() {
	n, err := query.Parse("garden (912) 555-0123 -title:piano seen:2026-01..")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(n)
	fmt.Println(query.Explain(n))
	// Output:
	// garden "(912) 555-0123" -title:piano seen:2026-01..
	// Ads with “garden” and with the number +19125550123 or the text “(912) 555-0123” and not with “piano” in the title and seen since 1 January 2026
}

func ExampleError_Caret() {
	const typed = "roses sen:2026"
	_, err := query.Parse(typed)
	if e, ok := errors.AsType[*query.Error](err); ok {
		fmt.Println(e.Caret(typed))
		fmt.Println(e.Reason)
	}
	// Output:
	// roses sen:2026
	//       ^^^
	// unknown field; did you mean "seen"?
}
