package cli

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"vigil.example/internal/access"
	"vigil.example/internal/ad"
	"vigil.example/internal/app"
)

// userCmd is the users of an instance, from the machine that holds its folder.
type userCmd struct {
	Add     userAddCmd     `cmd:"" help:"Add a user and print the one-time password."`
	List    userListCmd    `cmd:"" help:"List the users."`
	Reset   userResetCmd   `cmd:"" help:"Give a user a new one-time password; sessions and tokens end."`
	Disable userDisableCmd `cmd:"" help:"Shut a user out."`
	Enable  userEnableCmd  `cmd:"" help:"Let a disabled user in again."`
}

// Help explains the commands in short.
func (*userCmd) Help() string {
	return "Whoever may write the data folder may do this, while Vigil is not running, or at any time where a NATS server keeps the streams (--nats); each change is in the audit log."
}

// instance is the flags of commands about an instance, wherever its streams are.
type instance struct {
	storage
	streams
}

// people runs f on the users of the instance.
func (s instance) people(c *Context, action string, f func(*access.Register) (string, error)) error {
	cfg := s.storage.config(c)
	cfg.Kind = app.KindOf(s.Data)
	var err error
	if cfg.Streams, err = s.streams.config(); err != nil {
		return err
	}
	err = app.People(c.Ctx, cfg, action, f)
	if errors.Is(err, ad.ErrNotFound) {
		return fail(codeNotFound, "vigil user list shows their names", errors.New("there is no such user"))
	}
	return err
}

type userAddCmd struct {
	Name string `arg:"" help:"Name to sign in with."`
	Role string `help:"What kind of work: ${enum}." enum:"admin,analyst,reader,auditor" default:"analyst"`
	instance
}

// Example is shown in the help.
func (*userAddCmd) Example() string {
	return "vigil user add ortiz --role analyst --data /var/lib/vigil"
}

// Run adds the user.
func (u *userAddCmd) Run(c *Context) error {
	return u.people(c, "user.create", func(r *access.Register) (string, error) {
		x, password, err := r.AddUser(c.Ctx, access.System, u.Name, access.Role(u.Role))
		if err != nil {
			return "", err
		}
		_, err = fmt.Fprintf(c.Stdout, "%s, %s: sign in with the one-time password %s\n", x.Name, x.Role, password)
		return x.ID, err
	})
}

type userListCmd struct{ instance }

// Example is shown in the help.
func (*userListCmd) Example() string { return "vigil user list --data /var/lib/vigil" }

// Run lists the users.
func (u *userListCmd) Run(c *Context) error {
	return u.people(c, "user.list", func(r *access.Register) (string, error) {
		w := tabwriter.NewWriter(c.Stdout, 2, 0, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tROLE\tSINCE\t")
		for _, x := range r.Users() {
			state := ""
			if x.Disabled {
				state = "disabled"
			} else if x.MustChange {
				state = "has a one-time password"
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.Name, x.Role, x.Created.Format("2006-01-02"), state)
		}
		return "", w.Flush()
	})
}

type userResetCmd struct {
	Name string `arg:"" optional:"" default:"admin" help:"Whose password; ${default} when left out."`
	instance
}

// Example is shown in the help.
func (*userResetCmd) Example() string { return "vigil user reset admin --data /var/lib/vigil" }

// Run prints the new password.
func (u *userResetCmd) Run(c *Context) error {
	return u.people(c, "password.reset", func(r *access.Register) (string, error) {
		x, err := r.UserNamed(u.Name)
		if err != nil {
			return "", err
		}
		password, err := r.Reset(c.Ctx, access.System, x.ID)
		if err != nil {
			return "", err
		}
		_, err = fmt.Fprintf(c.Stdout, "%s: sign in with the one-time password %s\n", x.Name, password)
		return x.ID, err
	})
}

type userDisableCmd struct {
	Name string `arg:"" help:"Who."`
	instance
}

// Example is shown in the help.
func (*userDisableCmd) Example() string { return "vigil user disable ortiz --data /var/lib/vigil" }

// Run disables the user.
func (u *userDisableCmd) Run(c *Context) error {
	return u.people(c, "user.disable", func(r *access.Register) (string, error) {
		x, err := r.UserNamed(u.Name)
		if err != nil {
			return "", err
		}
		return x.ID, r.Disable(c.Ctx, access.System, x.ID)
	})
}

type userEnableCmd struct {
	Name string `arg:"" help:"Who."`
	instance
}

// Example is shown in the help.
func (*userEnableCmd) Example() string { return "vigil user enable ortiz --data /var/lib/vigil" }

// Run enables the user.
func (u *userEnableCmd) Run(c *Context) error {
	return u.people(c, "user.enable", func(r *access.Register) (string, error) {
		x, err := r.UserNamed(u.Name)
		if err != nil {
			return "", err
		}
		return x.ID, r.Enable(c.Ctx, access.System, x.ID)
	})
}
