package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"golang.org/x/term"

	"vigil.example/internal/access"
	"vigil.example/internal/api"
)

type loginCmd struct {
	Name   string   `help:"Your name in Vigil; asked for when left out." placeholder:"NAME"`
	Case   string   `help:"Number of the case you work on." placeholder:"NUMBER" xor:"purpose"`
	Reason string   `help:"Why you search, when there is no case yet." placeholder:"TEXT" xor:"purpose"`
	Scopes []string `help:"What the token may do: ${enum}." enum:"read,watch,packet,correct,admin" default:"read,watch,packet,correct" placeholder:"SCOPE"`
	Days   int      `help:"Days until the token ends; ${default} when left out." default:"7" placeholder:"N"`
}

// Help says what the flags cannot.
func (*loginCmd) Help() string {
	return "Name, password and purpose are asked for, or read from standard input, a line each, in this order, as far as flags do not give them. The token is kept in a file that only you can read; VIGIL_CREDENTIALS says where."
}

// Example is shown in the help.
func (*loginCmd) Example() string {
	return "vigil login --name anna --case 24-0117\nvigil login --name anna --reason \"tip line, night shift\" < password.txt"
}

// Run makes a token and keeps it.
func (l *loginCmd) Run(c *Context) error {
	old, err := c.credentials()
	if err != nil {
		return err
	}
	in := bufio.NewReader(c.Stdin)
	name, err := c.given(in, l.Name, "name", "Name: ")
	if err != nil {
		return err
	}
	password, err := c.given(in, "", "password", "Password: ")
	if err != nil {
		return err
	}
	p, err := l.purpose(c, in)
	if err != nil {
		return err
	}
	q := api.TokenRequest{Name: name, Password: password, Label: label(), Purpose: p, Days: l.Days}
	for _, s := range l.Scopes {
		q.Scopes = append(q.Scopes, access.Scope(s))
	}
	server := c.server(old)
	t, err := api.NewClient(server, "", &http.Client{}).MakeToken(c.Ctx, q)
	if err != nil {
		return err
	}
	path, err := c.keep(credentials{Server: server, Token: t.Secret, ID: t.Token.ID, User: name, Expires: t.Token.Expires})
	if err != nil {
		return err
	}
	if old.ID != "" && old.Server == server {
		// The token that nobody holds any more ends by itself if this fails.
		_ = api.NewClient(server, old.Token, &http.Client{}).Revoke(c.Ctx, old.ID)
	}
	c.printf("Signed in at %s as %s, for %s %s.\nThe token is in %s and ends %s.\n",
		server, clean(name), t.Token.Purpose.Kind, clean(t.Token.Purpose.Text), path, minute(t.Token.Expires))
	return nil
}

// purpose is what the flags say, or the next line.
func (l *loginCmd) purpose(c *Context, in *bufio.Reader) (api.Purpose, error) {
	switch {
	case l.Case != "":
		return api.Purpose{Kind: access.PurposeCase, Text: l.Case}, nil
	case l.Reason != "":
		return api.Purpose{Kind: access.PurposeReason, Text: l.Reason}, nil
	}
	s, err := c.given(in, "", "purpose", "What for? A case as \"case 24-0117\", or a reason in words: ")
	if err != nil {
		return api.Purpose{}, err
	}
	if kind, number, ok := strings.Cut(s, " "); ok && strings.EqualFold(kind, "case") {
		return api.Purpose{Kind: access.PurposeCase, Text: strings.TrimSpace(number)}, nil
	}
	return api.Purpose{Kind: access.PurposeReason, Text: s}, nil
}

// label names the token after this machine, so that its owner knows it again.
func label() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		return "vigil login"
	}
	r := []rune("vigil login on " + host)
	return string(r[:min(len(r), 60)])
}

// given is what a flag says; else what is typed, or the next line of the input.
func (c *Context) given(in *bufio.Reader, flag, what, prompt string) (string, error) {
	secret := what == "password"
	if flag != "" {
		return flag, nil
	}
	read := func() (string, error) {
		s, err := in.ReadString('\n')
		return strings.TrimRight(s, "\r\n"), err
	}
	var s string
	var err error
	if f, ok := c.Stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		_, _ = fmt.Fprint(c.Stderr, prompt)
		s, err = c.atTerminal(int(f.Fd()), secret, read)
	} else {
		s, err = read()
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read %s: %w", what, err)
	}
	if !secret {
		s = strings.TrimSpace(s)
	}
	if s == "" {
		return "", fail(codeUsage, "vigil login --help says what is read from where", fmt.Errorf("sign in: no %s given", what))
	}
	return s, nil
}

// atTerminal reads a line that a person types, a secret without echo. At Ctrl-C
// the terminal gets its echo back; the reading itself ends with the process.
func (c *Context) atTerminal(fd int, secret bool, read func() (string, error)) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	type line struct {
		s   string
		err error
	}
	got := make(chan line, 1)
	go func() {
		if !secret {
			s, err := read()
			got <- line{s, err}
			return
		}
		b, err := term.ReadPassword(fd)
		_, _ = fmt.Fprintln(c.Stderr)
		got <- line{string(b), err}
	}()
	select {
	case l := <-got:
		return l.s, l.err
	case <-c.Ctx.Done():
		return "", errors.Join(c.Ctx.Err(), term.Restore(fd, before))
	}
}

type logoutCmd struct{}

// Example is shown in the help.
func (*logoutCmd) Example() string { return "vigil logout" }

// Run ends the token and forgets it.
func (*logoutCmd) Run(c *Context) error {
	kept, err := c.credentials()
	if err != nil {
		return err
	}
	if kept.Token == "" {
		c.printf("Nobody is signed in.\n")
		return nil
	}
	err = api.NewClient(kept.Server, kept.Token, &http.Client{}).Revoke(c.Ctx, kept.ID)
	var p *api.Problem
	if errors.As(err, &p) && p.Status == http.StatusUnauthorized {
		err = nil // it has ended already
	}
	if err != nil {
		path, _ := c.credentialsPath()
		return fail(judged(err).code, "try again when the server is up; or remove "+path+": the token ends by itself "+minute(kept.Expires), fmt.Errorf("sign out: %w", err))
	}
	if err := c.forget(); err != nil {
		return err
	}
	c.printf("Signed out at %s.\n", kept.Server)
	return nil
}
