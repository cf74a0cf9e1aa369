package provider

import (
	"bytes"
	"errors"
	"strings"

	"github.com/switchgear-dev/switchgear"
)

// shortest is the shortest secret that is looked for in errors: a shorter one
// would be found in words that have nothing to do with it.
const shortest = 8

// hush takes the credential out of an error, should the provider have quoted
// it: an error's body and detail can reach the client.
func hush(err error, c switchgear.Credential) error {
	secret := c.Secret.Reveal()
	e, ok := errors.AsType[*switchgear.Error](err)
	if !ok || len(secret) < shortest {
		return err
	}
	if !bytes.Contains(e.Body, []byte(secret)) && !strings.Contains(e.Detail+e.Code+e.Param, secret) {
		return err
	}
	const instead = "[hidden]"
	clean := *e
	clean.Body = bytes.ReplaceAll(e.Body, []byte(secret), []byte(instead))
	clean.Detail = strings.ReplaceAll(e.Detail, secret, instead)
	clean.Code = strings.ReplaceAll(e.Code, secret, instead)
	clean.Param = strings.ReplaceAll(e.Param, secret, instead)
	return &clean
}
