package source

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"

	"hedui/seal"
)

// A TrustedKey is a node's key for mandates, as a trust file has it.
type TrustedKey struct {
	Node string
	Key  seal.PublicKey
	// Vouches: what the node says of the keys of nodes before it counts, for nodes
	// that the file does not name itself.
	Vouches bool
}

// Trust is whose mandates count: the lines of a trust file. Empty, nobody's do. A
// node may stand in it more than once, with an old key and a new one.
type Trust []TrustedKey

// vouches is the word at the end of a line.
const vouches = "vouches"

// ParseTrust reads a trust file: one key a line – node, algorithm, the key's
// SubjectPublicKeyInfo in base64, and the word "vouches" or nothing. Empty lines
// and what follows # are comments.
func ParseTrust(data []byte) (Trust, error) {
	var t Trust
	lines := bufio.NewScanner(bytes.NewReader(data))
	for n := 1; lines.Scan(); n++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(text)
		if len(words) == 0 {
			continue
		}
		k, err := parseTrusted(words)
		if err != nil {
			return nil, fmt.Errorf("source: trust file, line %d: %w", n, err)
		}
		t = append(t, k)
	}
	return t, lines.Err()
}

func parseTrusted(words []string) (TrustedKey, error) {
	bad := fmt.Errorf("%w: want node, algorithm, key in base64, and the word %q or nothing", seal.ErrMalformed, vouches)
	if len(words) < 3 || len(words) > 4 || len(words) == 4 && words[3] != vouches || !nodeForm.MatchString(words[0]) {
		return TrustedKey{}, bad
	}
	der, err := base64.StdEncoding.Strict().DecodeString(words[2])
	if err != nil {
		return TrustedKey{}, bad
	}
	key, err := seal.ParsePublicDER(der)
	if err != nil {
		return TrustedKey{}, err
	}
	if key.Algorithm() != words[1] {
		return TrustedKey{}, fmt.Errorf("%w: the line says %q, the key is %s", seal.ErrAlgorithm, words[1], key.Algorithm())
	}
	return TrustedKey{Node: words[0], Key: key, Vouches: len(words) == 4}, nil
}

// String writes t as a trust file.
func (t Trust) String() string {
	var b strings.Builder
	for _, k := range t {
		fmt.Fprintf(&b, "%s %s %s", k.Node, k.Key.Algorithm(), base64.StdEncoding.EncodeToString(k.Key.DER()))
		if k.Vouches {
			b.WriteString(" " + vouches)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// names reports whether a node has a line of its own, vouched whether what it
// says of others counts.
func (t Trust) names(node string) (named, vouched bool) {
	for _, k := range t {
		if k.Node == node {
			named, vouched = true, vouched || k.Vouches
		}
	}
	return named, vouched
}

// key is the node's key with that KeyID.
func (t Trust) key(node, id string) (seal.PublicKey, bool) {
	i := slices.IndexFunc(t, func(k TrustedKey) bool { return k.Node == node && k.Key.KeyID() == id })
	if i < 0 {
		return seal.PublicKey{}, false
	}
	return t[i].Key, true
}
