package provider

import (
	"context"
	"net/http"

	"github.com/switchgear-dev/switchgear"
)

// Bearer puts the credential into the Authorization header. A credential
// without a secret puts nothing there.
func Bearer() Authorizer { return headerKey("Authorization", "Bearer ") }

// HeaderKey puts the credential into the named header as it stands. A
// credential without a secret puts nothing there.
func HeaderKey(name string) Authorizer { return headerKey(http.CanonicalHeaderKey(name), "") }

func headerKey(name, prefix string) Authorizer {
	return func(_ context.Context, r *http.Request, c switchgear.Credential) error {
		if c.Secret.IsZero() {
			return nil
		}
		key := c.Secret.Reveal()
		if !sendable(key) {
			return &switchgear.Error{
				Class: switchgear.ClassAuth, Code: "credential",
				Message: "the key " + c.ID + " holds a space, a line break or another character that a header cannot carry; was it copied whole, and nothing but it?",
			}
		}
		r.Header[name] = []string{prefix + key}
		return nil
	}
}

// sendable reports whether a key is made of visible ASCII, as every provider's
// are.
func sendable(key string) bool {
	for i := range len(key) {
		if key[i] <= ' ' || key[i] >= 0x7f {
			return false
		}
	}
	return true
}
