package bazaar

import (
	"fmt"
	"strings"
)

// A contact is how one ad says the poster can be reached.
type contact struct {
	phones []phone // own numbers, the current one first
	handle int     // which handle of the poster, -1 for none
	email  int     // which address, -1 for none
	hub    int     // which hub, -1 for none
}

// epoch says which of a group's numbers is in use at its seq-th ad.
func (p *poster) epoch(seq int) int {
	if p.total == 0 {
		return 0
	}
	return min(seq, int(p.total)-1) * int(p.phones) / int(p.total)
}

// ties reports whether the ad is the first or last under one of the group's
// numbers: those ads carry what links the old number to the new one.
func (p *poster) ties(seq int) bool {
	return seq > 0 && p.epoch(seq) != p.epoch(seq-1) || seq+1 < int(p.total) && p.epoch(seq) != p.epoch(seq+1)
}

// bridge says how a group shows that its e-th number follows the one before: 0 by
// an ad with both, 1 by a handle, 2 by an e-mail address that stands beside both.
func (p *poster) bridge(e int) int {
	d := throw(p.seed, 'b', uint64(e))
	return pick(&d, []int{0, 0, 1, 2})
}

// contact returns how the poster's ad can be answered.
func (p *poster) contact(seq, copied int) contact {
	c := contact{handle: -1, email: -1, hub: -1}
	d := throw(p.seed, 'c', uint64(seq), uint64(copied))
	if p.kind != Org {
		if p.phones > 0 {
			c.phones = []phone{p.first}
		}
		if p.handle {
			c.handle = 0
		}
		if p.email {
			c.email = 0
		}
		if p.hub >= 0 {
			c.hub = int(p.hub)
			if p.total == 1 && d.in(40) { // reached through the hub alone
				c.phones = nil
			}
		}
		return c
	}
	e := p.epoch(seq)
	c.phones = []phone{p.first + phone(e)}
	if copied > 0 {
		return c
	}
	tie := func(e int) {
		switch p.bridge(e) {
		case 1:
			c.handle = e
		case 2:
			c.email = e
		}
	}
	if seq > 0 && p.epoch(seq-1) != e {
		tie(e)
		if p.bridge(e) == 0 {
			c.phones = append(c.phones, p.first+phone(e-1))
		}
	}
	if seq+1 < int(p.total) && p.epoch(seq+1) != e {
		tie(e + 1)
	}
	if p.ties(seq) {
		return c
	}
	switch k := d.n(100); {
	case k < 3:
		return contact{handle: -1, email: -1, hub: -1}
	case k < 13:
		c.handle = 0
	case k < 18:
		c.email = 0
	}
	if p.hub >= 0 && d.in(15) {
		c.hub = int(p.hub)
	}
	return c
}

// A handle is a name on some platform.
type handle struct{ platform, name string }

// String is the handle as the rest of the program writes it.
func (h handle) String() string { return h.platform + ":" + h.name }

func (p *poster) nick(k int) string {
	d := throw(p.seed, 'n', uint64(k))
	a := strings.Fields("moon rose ruby coral jade sunny velvet amber lotus dove star pearl honey silver cherry plum indigo sage willow misty")
	b := strings.Fields("garden river dream lane song light bird dance field stone time wave smile hour bloom path shore sky wind note")
	return fmt.Sprintf("%s%s%s%d", pick(&d, a), pick(&d, []string{"", "_", "."}), pick(&d, b), d.between(10, 9999))
}

func (p *poster) handleOf(k int) handle {
	d := throw(p.seed, 'h', uint64(k))
	return handle{pick(&d, []string{"telegram", "instagram", "snapchat"}), strings.ReplaceAll(p.nick(k), ".", "_")}
}

// write is the handle as an ad prints it.
func (h handle) write(d *dice) string {
	switch h.platform {
	case "telegram":
		return pick(d, []string{"Telegram @", "telegram: @", "Telegram "}) + h.name
	case "instagram":
		return pick(d, []string{"Instagram @", "IG: ", "insta @"}) + h.name
	}
	return pick(d, []string{"Snapchat: ", "snap: ", "Snapchat "}) + h.name
}

func (p *poster) emailOf(k int) string {
	d := throw(p.seed, 'm', uint64(k))
	return p.nick(100+k) + "@" + pick(&d, []string{"mail.example", "inbox.example", "letters.example", "correo.example"})
}
