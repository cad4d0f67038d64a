package packet

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"strings"
)

// ErrUnchecked says that everything else holds, but no key was given to check the
// seal with.
var ErrUnchecked = errors.New("the seal was not checked: give the signer's public key, which must reach you by another way than the packet")

// errFailed makes the error of Verify short: the report says what failed.
var errFailed = errors.New("the packet is not as it was sealed")

// A Check is one thing that Verify looked at.
type Check struct {
	Name    string
	Passed  bool
	Skipped bool // neither passed nor failed; Detail says why
	Detail  string
}

func (c Check) String() string {
	word := "FAIL"
	switch {
	case c.Skipped:
		word = "unchecked"
	case c.Passed:
		word = "ok"
	}
	return word + " " + c.Name + " - " + c.Detail
}

// A Report says what Verify found, one line a check. It holds no word of an ad.
type Report struct {
	Name    string // packet-<id>, as the bag calls itself
	Receipt string // SHA-256 of tagmanifest-sha256.txt, to compare with the one handed over
	Signer  string // SHA-256 of the key that the seal was checked with
	Checks  []Check
}

// String is one line a check.
func (r Report) String() string {
	var b strings.Builder
	for _, c := range r.Checks {
		b.WriteString(c.String() + "\n")
	}
	return b.String()
}

// Failed lists the names of the checks that failed.
func (r Report) Failed() []string {
	var out []string
	for _, c := range r.Checks {
		if !c.Passed && !c.Skipped {
			out = append(out, c.Name)
		}
	}
	return out
}

// add notes a check and says whether it passed.
func (r *Report) add(name, detail string, err error) bool {
	c := Check{Name: name, Passed: err == nil, Detail: detail}
	if err != nil {
		c.Detail = strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' }), "; ")
	}
	r.Checks = append(r.Checks, c)
	return err == nil
}

// Verify checks a packet, zipped or unpacked, against a public key. Its error is
// nil only when every check passed. Without a key it is ErrUnchecked at best: who
// made a packet cannot be told from the packet.
func Verify(path string, key ed25519.PublicKey) (Report, error) {
	var r Report
	src, detail, err := open(path)
	if !r.add("zip-safe", detail, err) {
		return r, fmt.Errorf("verify packet %s: %w: zip-safe", path, errFailed)
	}
	defer src.close()
	v := verifier{src: src}
	r.add("layout", "every part is there and nothing else", v.layout())
	detail, err = v.manifests()
	r.add("manifests", detail, err)
	r.add("tag-manifests", "manifests and bag-info are as they were sealed", v.tagManifests())
	detail, err = v.bag()
	r.add("bag-info", detail, err)
	detail, err = v.custody()
	r.add("custody", detail, err)
	detail, err = v.captures()
	r.add("captures", detail, err)
	r.add("report", "loads and runs nothing, shows every ad", v.report())
	r.Name, r.Receipt = v.info["External-Identifier"], v.receipt
	if key == nil {
		r.Checks = append(r.Checks, Check{Name: "signature", Skipped: true, Detail: ErrUnchecked.Error()})
	} else {
		r.Signer = Fingerprint(key)
		r.add("signature", "sealed with the key "+r.Signer, v.signature(key))
	}
	if failed := r.Failed(); len(failed) > 0 {
		return r, fmt.Errorf("verify packet %s: %w: %s", path, errFailed, strings.Join(failed, ", "))
	}
	if key == nil {
		return r, fmt.Errorf("verify packet %s: %w", path, ErrUnchecked)
	}
	return r, nil
}
