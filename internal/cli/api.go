package cli

import "vigil.example/internal/api"

type apiCmd struct{}

// Help says where the same stands.
func (*apiCmd) Help() string {
	return "In the words of OpenAPI 3.1, as every server of this version gives it at /api/v1/openapi.json. Programs make clients of it; docs/api.md says the same to people."
}

// Example is shown in the help.
func (*apiCmd) Example() string { return "vigil api > openapi.json" }

// Run prints the description.
func (*apiCmd) Run(c *Context) error {
	doc, err := api.Describe(c.Version)
	if err != nil {
		return err
	}
	return c.value(doc)
}
