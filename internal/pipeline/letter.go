package pipeline

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"vigil.example/internal/ad"
)

// SourceHeader names the header in which an output carries the sequence of the
// message it was made from. A step that sets it itself is believed.
const SourceHeader = "Vigil-Source"

// Headers of a dead letter. Its SourceHeader has the sequence of the original.
const (
	ReasonHeader   = "Vigil-Reason"
	AttemptsHeader = "Vigil-Attempts"
	SubjectHeader  = "Vigil-Subject" // of the original
	IDHeader       = "Vigil-Id"      // of the original
	StreamHeader   = "Vigil-Stream"  // of the original
	BareHeader     = "Vigil-Bare"    // bytes of data that were too many to be kept in the letter
)

// wasPrefix stands before a header of the original whose name a letter needs
// itself; an original's own header of that prefix gets it once more.
const wasPrefix = "Vigil-Was-"

func ofLetter(header string) bool {
	switch header {
	case ReasonHeader, AttemptsHeader, SubjectHeader, IDHeader, StreamHeader, SourceHeader, BareHeader:
		return true
	}
	return strings.HasPrefix(header, wasPrefix)
}

// Letter is the dead letter of a message that a stage could not handle: the whole
// original, where it stood, and the reason. Restore gives the original back.
func Letter(stage, stream string, m ad.Message, err error) ad.Message {
	h := make(map[string]string, len(m.Header)+6)
	for k, v := range m.Header {
		if ofLetter(k) {
			k = wasPrefix + k
		}
		h[k] = v
	}
	seq := strconv.FormatUint(m.Seq, 10)
	h[ReasonHeader] = line(err)
	h[AttemptsHeader] = strconv.Itoa(max(m.Attempt, 1))
	h[SubjectHeader] = m.Subject
	h[StreamHeader] = stream
	h[SourceHeader] = seq
	if m.ID != "" {
		h[IDHeader] = m.ID
	}
	return ad.Message{Subject: "dead." + stage, ID: stage + ":" + stream + ":" + seq, Header: h, Data: m.Data}
}

// line makes an error fit for a header: one line, of a bearable length.
func line(err error) string {
	const most = 2000
	s := strings.Join(strings.Fields(strings.ToValidUTF8(err.Error(), "?")), " ")
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

// Restore returns the message that became a dead letter, as it was: subject, id,
// headers, data and sequence, and the stream where it stood.
func Restore(letter ad.Message) (original ad.Message, stream string, err error) {
	stream = letter.Header[StreamHeader]
	original = ad.Message{Subject: letter.Header[SubjectHeader], ID: letter.Header[IDHeader], Data: letter.Data}
	if stream == "" || original.Subject == "" {
		return ad.Message{}, "", fmt.Errorf("restore dead letter %d: %w", letter.Seq, errors.New("it does not say where its message stood; it is no letter, or of an older version"))
	}
	if original.Seq, err = strconv.ParseUint(letter.Header[SourceHeader], 10, 64); err != nil {
		return ad.Message{}, "", fmt.Errorf("restore dead letter %d: sequence of its message: %w", letter.Seq, err)
	}
	if n := letter.Header[BareHeader]; n != "" {
		return ad.Message{}, "", fmt.Errorf("restore dead letter %d: its %s bytes were too many to be kept with it; they stand in stream %s at %d", letter.Seq, n, stream, original.Seq)
	}
	for k, v := range letter.Header {
		was, moved := strings.CutPrefix(k, wasPrefix)
		if ofLetter(k) && !moved {
			continue
		}
		if original.Header == nil {
			original.Header = make(map[string]string, len(letter.Header))
		}
		original.Header[was] = v
	}
	return original, stream, nil
}

// Again returns what to publish so that the message of a dead letter is handled
// once more, and the stream where. Its id is new, for the stream still knows the
// old one, and the same each time for one letter, so that asking twice does it
// once. It replaces the original, which stands in the stream at replaces.
func Again(letter ad.Message) (m ad.Message, stream string, replaces uint64, err error) {
	if m, stream, err = Restore(letter); err != nil {
		return m, stream, 0, err
	}
	replaces = m.Seq
	m.ID = fmt.Sprintf("%s:again:%d", m.ID, letter.Seq)
	m.Seq = 0
	return m, stream, replaces, nil
}
