package site_test

import (
	"fmt"
	"net/url"

	"vigil.example/internal/site"
)

func ExampleParse() {
	_, err := site.Parse("crawlers/townboard.yaml", []byte(`name: townboard
seeds: ["https://townboard.example/list"]
list:
  itm: a.ad
`))
	fmt.Println(err)
	// Output: read site crawlers/townboard.yaml: line 4: unknown key "itm"; did you mean "item"?
}

func ExampleDefinition_InScope() {
	d, err := site.Parse("crawlers/townboard.yaml", []byte(`name: townboard
seeds: ["https://townboard.example/list"]
scope:
  deny: ["[?&]sort="]
  strip: [sid]
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	u, _ := url.Parse("https://townboard.example/list?sort=new&sid=7#top")
	fmt.Println(d.Canonical(u))
	fmt.Println(d.InScope(u))
	// Output:
	// https://townboard.example/list?sort=new
	// false denied by [?&]sort=
}
