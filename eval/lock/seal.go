package lock

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Key is a public key that entries may be signed with.
type Key struct {
	id  string
	key ed25519.PublicKey
}

// ID tells keys apart: eight hexadecimal digits.
func (k Key) ID() string { return k.id }

// keyPrefix stands before keys and signatures.
const keyPrefix = "ed25519:"

// String is the key as the routing table names it under gate.trusted_keys.
func (k Key) String() string { return keyPrefix + base64.StdEncoding.EncodeToString(k.key) }

// ParseKey reads "ed25519:" and 32 bytes in base64.
func ParseKey(s string) (Key, error) {
	text, ok := strings.CutPrefix(s, keyPrefix)
	raw, err := base64.StdEncoding.DecodeString(text)
	if !ok || err != nil || len(raw) != ed25519.PublicKeySize {
		return Key{}, errors.New("this is no public key: write ed25519: and 32 bytes in base64")
	}
	return keyOf(raw), nil
}

func keyOf(public ed25519.PublicKey) Key {
	sum := sha256.Sum256(public)
	return Key{id: hex.EncodeToString(sum[:4]), key: public}
}

// Signer signs entries. A nil one leaves them unsigned.
type Signer struct {
	private ed25519.PrivateKey
	public  Key
}

// ParseSigner reads an Ed25519 private key in PEM (PKCS #8), as
// "openssl genpkey -algorithm ed25519" writes it.
func ParseSigner(text []byte) (*Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("this is no private key in PEM. Make one with: openssl genpkey -algorithm ed25519 -out lock.pem")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	private, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, errors.New("this is no Ed25519 private key. Make one with: openssl genpkey -algorithm ed25519 -out lock.pem")
	}
	return NewSigner(private), nil
}

// NewSigner signs with a key that a program has.
func NewSigner(private ed25519.PrivateKey) *Signer {
	public := ed25519.PublicKey(slices.Clone(private[ed25519.PrivateKeySize-ed25519.PublicKeySize:]))
	return &Signer{private: private, public: keyOf(public)}
}

// Key is the public key that goes with the signer.
func (s *Signer) Key() Key { return s.public }

// place is where an entry stands. It is under the seal, so that an entry holds
// nowhere else.
type place struct{ kind, route, target string }

// canonical is what is sealed and signed: the place and the entry, written the
// one way this package writes.
func (p place) canonical(n *node) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "switchgear.lock %d %s\nroute: %q\ntarget: %q\n", Version, p.kind, p.route, p.target)
	writeFields(&b, n.fields, "", "")
	return b.Bytes()
}

// seal is the hash over an entry, and its signature if there is a signer.
func (p place) seal(n *node, s *Signer) (sum, signature string) {
	text := p.canonical(n)
	if s != nil {
		signature = keyPrefix + s.public.id + ":" + base64.StdEncoding.EncodeToString(ed25519.Sign(s.private, text))
	}
	return Hash(text), signature
}

// Hash is how this package writes the SHA-256 of a text.
func Hash(text []byte) string {
	sum := sha256.Sum256(text)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// short cuts a hash to what tells things apart.
func short(hash string) string {
	const enough = len("sha256:") + 16
	return hash[:min(len(hash), enough)]
}

// flawed says why an entry cannot be believed; "" if it can.
func (p place) flawed(n *node, seal, signature string, trusted []Key) string {
	text := p.canonical(n)
	if Hash(text) != seal {
		return "was edited by hand or copied: its seal does not fit"
	}
	if len(trusted) == 0 {
		return ""
	}
	id, value, ok := strings.Cut(strings.TrimPrefix(signature, keyPrefix), ":")
	raw, err := base64.StdEncoding.DecodeString(value)
	switch {
	case signature == "":
		return "is not signed, and the gate has trusted keys"
	case !ok || err != nil || !strings.HasPrefix(signature, keyPrefix):
		return "has a signature that cannot be read"
	}
	for _, k := range trusted {
		if k.id != id {
			continue
		}
		if ed25519.Verify(k.key, text, raw) {
			return ""
		}
		return "is wrongly signed: the signature is not that of key " + id
	}
	return "is signed by key " + id + ", which the gate does not trust"
}
