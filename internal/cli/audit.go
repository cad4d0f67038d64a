package cli

import (
	"errors"
	"fmt"
	"net/http"

	"vigil.example/internal/api"
)

type auditCmd struct {
	Verify auditVerifyCmd `cmd:"" help:"Have the server check its audit log from end to end."`
}

// Example is shown in the help.
func (*auditCmd) Example() string { return "vigil audit verify" }

type auditVerifyCmd struct{ printing }

// Help says what is needed for it.
func (*auditVerifyCmd) Help() string {
	return "Every entry holds the hash of the one before it, so that none can be changed or taken out unseen. Needs the scope admin, and the role of an auditor or administrator: vigil login --scopes admin. The check itself is written down in the log."
}

// Example is shown in the help.
func (*auditVerifyCmd) Example() string {
	return "vigil login --scopes admin --reason \"weekly check\"\nvigil audit verify"
}

// Run has the log checked. A log that is not whole is exit code 5.
func (v *auditVerifyCmd) Run(c *Context) error {
	cl, err := c.Client()
	if err != nil {
		return err
	}
	a, err := cl.VerifyAudit(c.Ctx)
	var p *api.Problem
	if errors.As(err, &p) && p.Status == http.StatusForbidden {
		return fail(codeDenied, "an auditor or administrator signs in for it with: vigil login --scopes admin", err)
	}
	if err != nil {
		return err
	}
	if v.JSON {
		if err := c.value(a); err != nil {
			return err
		}
	} else if a.Whole {
		c.printf("The audit log is whole: %s.\nHead SHA-256 %s\n", plural(int(a.Entries), "entry", "entries"), a.Head)
	} else {
		c.printf("The audit log is NOT whole: %s, from the first on.\n", plural(int(a.Entries), "entry holds", "entries hold"))
	}
	if !a.Whole {
		return fail(codeVerify, "keep the data folder as it is, and tell whoever answers for it", fmt.Errorf("verify audit log: %s", a.Problem))
	}
	return nil
}
