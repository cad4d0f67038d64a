package access

import (
	"errors"
	"fmt"
	"time"
)

// Config is what a Register needs to know. The limits default to the values of
// the CJIS Security Policy; Validate lets an administrator tighten them only.
type Config struct {
	Key []byte           // the instance's secret, at least 16 bytes; makes purpose ids
	Now func() time.Time // time.Now when nil

	Attempts int           // wrong passwords before the lock; 5 when 0
	Window   time.Duration // in which they count; 15 min when 0
	Lock     time.Duration // how long the lock holds; 15 min when 0

	Idle     time.Duration // a session ends when unused for so long; 30 min when 0
	Absolute time.Duration // and in any case after so long; 12 h when 0
	TokenAge time.Duration // of a token that names no expiry; 90 days when 0

	Sessions Sessions // where they are kept; in this process's memory when nil

	MinPassword int  // characters of a new password; 15 when 0 (NIST SP 800-63B-4, no second factor)
	KeepOneTime bool // a one-time password may be kept: for the demo, which has nothing to protect

	Argon Argon // cost of a password; the zero value is the default
}

// MaxTokenAge is the latest expiry a token may have.
const MaxTokenAge = 366 * 24 * time.Hour

func (c Config) withDefaults() Config {
	fill := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	fill(&c.Window, 15*time.Minute)
	fill(&c.Lock, 15*time.Minute)
	fill(&c.Idle, 30*time.Minute)
	fill(&c.Absolute, 12*time.Hour)
	fill(&c.TokenAge, 90*24*time.Hour)
	if c.Attempts == 0 {
		c.Attempts = 5
	}
	if c.MinPassword == 0 {
		c.MinPassword = 15
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Sessions == nil {
		c.Sessions = newInMemory(c.Absolute, c.Now)
	}
	c.Argon = c.Argon.withDefaults()
	return c
}

// Validate says what is wrong with the configuration, defaults filled in.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("access: "+format, args...))
		}
	}
	check(len(c.Key) >= 16, "key has fewer than 16 bytes")
	check(c.Attempts >= 1 && c.Attempts <= 5, "attempts is %d; it may be 1 to 5", c.Attempts)
	check(c.Window >= 15*time.Minute, "window is %v; it may not be under 15m", c.Window)
	check(c.Lock >= 15*time.Minute, "lock is %v; it may not be under 15m", c.Lock)
	check(c.Idle > 0 && c.Idle <= 30*time.Minute, "idle is %v; it may be at most 30m", c.Idle)
	check(c.Absolute > 0 && c.Absolute <= 12*time.Hour, "absolute is %v; it may be at most 12h", c.Absolute)
	check(c.TokenAge > 0 && c.TokenAge <= MaxTokenAge, "token age is %v; it may be at most %v", c.TokenAge, MaxTokenAge)
	check(c.MinPassword >= 15 && c.MinPassword <= maxPassword, "min password is %d; it may be 15 to %d", c.MinPassword, maxPassword)
	return errors.Join(errs...)
}
